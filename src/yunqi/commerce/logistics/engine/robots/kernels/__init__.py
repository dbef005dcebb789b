"""Searches for robots on arrays, compiled by numba; loading this package imports numba."""

from pathlib import Path

from yunqi.commerce.logistics.engine.compiled import kept

with kept(Path(__file__).parent):
    from yunqi.commerce.logistics.engine.robots.kernels import around, cells, day, steps, together

__all__ = ["around", "cells", "day", "steps", "together"]
