"""Yunqi commerce."""
