"""Paths of many robots on one floor: priorities, conflict-based search, and improvement by planning some of them anew."""
