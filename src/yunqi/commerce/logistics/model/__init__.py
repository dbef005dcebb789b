"""The nouns of logistics: routing, and whatever else moves, waits or is packed."""

from yunqi.commerce.logistics.model.plans import Change, Loosened, Plan, Quote, Relaxation, Replan, Route, Unserved
from yunqi.commerce.logistics.model.routing import (
    FOREVER,
    BadProblem,
    Break,
    Disagreement,
    Objective,
    Problem,
    Rounding,
    Task,
    TaskKind,
    Travel,
    Vehicle,
    Window,
)

__all__ = [
    "FOREVER",
    "BadProblem",
    "Break",
    "Change",
    "Disagreement",
    "Loosened",
    "Objective",
    "Plan",
    "Problem",
    "Quote",
    "Relaxation",
    "Replan",
    "Rounding",
    "Route",
    "Task",
    "TaskKind",
    "Travel",
    "Unserved",
    "Vehicle",
    "Window",
]
