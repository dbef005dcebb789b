"""Stacks of containers: storing them so that few have to be shifted, and fetching them with few shifts."""
