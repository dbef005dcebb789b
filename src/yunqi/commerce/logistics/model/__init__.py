"""The nouns of logistics: routing, and whatever else moves, waits or is packed."""

from yunqi.commerce.logistics.model.routing import (
    FOREVER,
    BadProblem,
    Break,
    Disagreement,
    Objective,
    Plan,
    Problem,
    Rounding,
    Route,
    Task,
    TaskKind,
    Travel,
    Unserved,
    Vehicle,
    Window,
)

__all__ = [
    "FOREVER",
    "BadProblem",
    "Break",
    "Disagreement",
    "Objective",
    "Plan",
    "Problem",
    "Rounding",
    "Route",
    "Task",
    "TaskKind",
    "Travel",
    "Unserved",
    "Vehicle",
    "Window",
]
