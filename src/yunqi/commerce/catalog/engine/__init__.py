"""The catalog's algorithms: reading feeds, columns in memory, JSON-LD. No clock, no disk, no database."""

from yunqi.commerce.catalog.engine.cards import Cards

__all__ = ["Cards"]
