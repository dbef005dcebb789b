"""Yunqi console."""
