"""Ruin and recreate over whole simulated days: slower than the string search, and it models everything."""

from yunqi.commerce.logistics.engine.compiled import kept
from yunqi.commerce.logistics.engine.routing.strings import SOURCES

with kept(*SOURCES):
    from yunqi.commerce.logistics.engine.routing.rich import day, departing, moves

__all__ = ["day", "departing", "moves"]
