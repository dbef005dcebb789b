"""Checking and reading events. No clock, no disk, no database."""

from yunqi.commerce.activity.engine.check import Checked, Checker
from yunqi.commerce.activity.engine.flat import from_flat, unknown_columns

__all__ = ["Checked", "Checker", "from_flat", "unknown_columns"]
