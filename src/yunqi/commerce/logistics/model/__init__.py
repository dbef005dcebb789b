"""The nouns of logistics: routing, and whatever else moves, waits or is packed."""

from yunqi.commerce.logistics.model.routing import Plan, Route, Unserved

__all__ = ["Plan", "Route", "Unserved"]
