"""Yunqi: the AI stack of a marketplace as one package."""
