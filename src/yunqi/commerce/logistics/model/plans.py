"""The nouns of a routing answer: routes, plans, why something is left out, what a change did, and the price of a slot."""

from dataclasses import dataclass

from yunqi.commerce.logistics.model.routing import Problem, Window


@dataclass(frozen=True, slots=True)
class Route:
    """What one vehicle does, in order.

    Parameters
    ----------
    vehicle
        Id of the vehicle.
    stops
        Ids of the tasks as the problem names them; depots are left out. A reload reads ``reload``, a charge
        ``charge:PLACE``.
    departs
        When it leaves its start.
    """

    vehicle: str
    stops: tuple[str, ...]
    departs: int | None = None


@dataclass(frozen=True, slots=True)
class Loosened:
    """One rule that is loosened.

    Parameters
    ----------
    what
        The rule: ``window``, ``day``, ``capacity NAME``, ``skills``, ``max_time``, …
    of
        ``task ID`` or ``vehicle ID``.
    before, after
        Its value in the problem's own unit, now and then.
    unit
        ``s``, ``m`` or empty.
    text
        The change in words.
    """

    what: str
    of: str
    before: float | str | None
    after: float | str | None
    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class Relaxation:
    """The smallest change found that would admit a task.

    Parameters
    ----------
    vehicle
        Who would serve it.
    changes
        All rules that have to be loosened together.
    verified
        Whether the checker accepted the plan with the task under the changed rules.
    """

    vehicle: str
    changes: tuple[Loosened, ...]
    verified: bool


@dataclass(frozen=True, slots=True)
class Unserved:
    """A task that no route serves, and why.

    Parameters
    ----------
    id
        Id of the task.
    reasons
        One sentence a reason, each names the constraint and the vehicle it belongs to.
    relaxation
        The smallest change found that would admit it; None where none was found or looked for.
    partial
        Whether the time was up before every vehicle was asked and every relaxation looked for; the last reason says so.
    """

    id: str
    reasons: tuple[str, ...]
    relaxation: Relaxation | None = None
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer: routes, what they cost, and what stays undone.

    Parameters
    ----------
    cost
        The objective in the problem's own unit: distance, or what the vehicles' cost model says.
    routes
        Only routes that serve something.
    unserved
        Tasks left out, each with its reasons.
    bound
        No plan of these tasks can cost less; None where no bound is known.
    gap
        ``(cost - bound) / cost``, or None without a bound.
    seconds
        Wall-clock seconds that it took.
    source
        Where distances come from.
    """

    cost: float
    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...] = ()
    bound: float | None = None
    gap: float | None = None
    seconds: float = 0.0
    source: str = ""
    solver: str = ""
    seed: int = 0
    iterations: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What a new plan does differently for one task.

    Parameters
    ----------
    id
        Id of the task.
    what
        ``moved``, ``added``, ``removed``, ``dropped`` (was served, is not any more) or ``reordered``.
    before, after
        Ids of the vehicles, where there is one.
    """

    id: str
    what: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Replan:
    """A plan after something happened, and how it differs from the one before.

    Parameters
    ----------
    first_seconds
        When the first valid plan stood.
    kept
        Share of the stops that nothing happened to which keep their vehicle.
    """

    plan: Plan
    problem: Problem
    changes: tuple[Change, ...]
    kept: float
    first_seconds: float
    first_cost: float


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of a delivery slot.

    Parameters
    ----------
    window
        The slot.
    cost
        What the task adds to the plan in force; None when it fits nowhere.
    vehicle
        Who would serve it.
    """

    window: Window
    cost: float | None
    vehicle: str | None = None
    reason: str = ""
