"""Ruin and recreate over whole simulated days: slower than the string search, and it models everything."""

import numba

from yunqi.commerce.logistics.engine.routing.strings import folder

_before = numba.config.CACHE_DIR
numba.config.CACHE_DIR = str(folder())
try:
    from yunqi.commerce.logistics.engine.routing.rich import day, departing, moves
finally:
    numba.config.CACHE_DIR = _before

__all__ = ["day", "departing", "folder", "moves"]
