"""Routing: read problems, solve them, check and explain plans."""
