"""Yunqi cloud."""
