"""Hybrid genetic search for plain capacitated problems (Vidal 2022), compiled by numba, beside the strings."""

import numba

from yunqi.commerce.logistics.engine.routing.strings import folder

_before = numba.config.CACHE_DIR
numba.config.CACHE_DIR = str(folder())
try:
    from yunqi.commerce.logistics.engine.routing.population import breed, moves, swaps, tours
finally:
    numba.config.CACHE_DIR = _before

__all__ = ["breed", "moves", "swaps", "tours"]
