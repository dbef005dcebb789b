"""Logistics: routes from depot to doorstep, and the yards, boxes and stocks behind them.

>>> from yunqi.commerce.logistics import Plan, Route
>>> Plan(cost=12.0, routes=(Route("van", ("a", "b")),)).routes[0].stops
('a', 'b')
"""

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.routing.town import town
from yunqi.commerce.logistics.model import Plan, Problem, Quote, Replan, Route, Unserved
from yunqi.commerce.logistics.service import Logistics
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.routing import load_problem, prepare, quoter, replan, solve
from yunqi.commerce.logistics.store import MIGRATIONS

__all__ = [
    "MIGRATIONS",
    "Budget",
    "Logistics",
    "LogisticsConfig",
    "Plan",
    "Problem",
    "Quote",
    "Replan",
    "Route",
    "Unserved",
    "load_problem",
    "prepare",
    "quoter",
    "replan",
    "solve",
    "town",
]
