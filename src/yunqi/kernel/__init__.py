"""Yunqi kernel."""
