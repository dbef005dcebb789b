"""Hybrid genetic search for plain capacitated problems (Vidal 2022), compiled by numba, beside the strings."""

from yunqi.commerce.logistics.engine.compiled import kept
from yunqi.commerce.logistics.engine.routing.strings import SOURCES

with kept(*SOURCES):
    from yunqi.commerce.logistics.engine.routing.population import breed, moves, swaps, tours

__all__ = ["breed", "moves", "swaps", "tours"]
