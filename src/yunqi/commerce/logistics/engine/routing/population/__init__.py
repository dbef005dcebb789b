"""Hybrid genetic search for plain capacitated problems (Vidal 2022), compiled by numba: a population of tours beside the strings."""
