"""Yunqi labs."""
