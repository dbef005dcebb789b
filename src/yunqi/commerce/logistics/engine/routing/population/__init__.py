"""Hybrid genetic search for plain capacitated problems (Vidal 2022), compiled by numba, beside the strings."""
