"""Logistics: routes from depot to doorstep, and the yards, boxes and stocks behind them.

>>> from yunqi.commerce.logistics import Plan, Route
>>> Plan(cost=12.0, routes=(Route("van", ("a", "b")),)).routes[0].stops
('a', 'b')
"""

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.model import Plan, Route, Unserved
from yunqi.commerce.logistics.service import Logistics
from yunqi.commerce.logistics.store import MIGRATIONS

__all__ = ["MIGRATIONS", "Logistics", "LogisticsConfig", "Plan", "Route", "Unserved"]
