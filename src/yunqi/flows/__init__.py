"""Yunqi flows."""
