"""The nouns of routing: what is to be served, by whom, and the plan that does it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """What one vehicle does, in order.

    Parameters
    ----------
    vehicle
        Id of the vehicle.
    stops
        Ids of the tasks as the problem names them; depots are left out.
    """

    vehicle: str
    stops: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unserved:
    """A task that no route serves, and why.

    Parameters
    ----------
    id
        Id of the task.
    reasons
        One sentence a reason, each names the constraint and the vehicle it belongs to.
    """

    id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer: routes, what they cost, and what stays undone.

    Parameters
    ----------
    cost
        The objective in the problem's own unit.
    routes
        Only routes that serve something.
    unserved
        Tasks left out, each with its reasons.
    bound
        No plan can cost less than this; None where no bound is known.
    gap
        ``(cost - bound) / cost``, or None without a bound.
    seconds
        Wall-clock seconds that it took.
    """

    cost: float
    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...] = ()
    bound: float | None = None
    gap: float | None = None
    seconds: float = 0.0
