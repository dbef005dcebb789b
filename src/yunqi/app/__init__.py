"""Yunqi app."""
