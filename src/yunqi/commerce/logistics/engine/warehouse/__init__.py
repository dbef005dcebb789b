"""Warehouses: waves by Dinkelbach's method, picker routes by dynamic programming, order quantities."""
