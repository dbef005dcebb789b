"""Robots on a warehouse floor of cells: where they start, where they must go, and paths on which none meet."""

from collections.abc import Mapping
from dataclasses import dataclass

from yunqi.kernel.errors import Invalid

Cell = tuple[int, int]
"""Row and column, counted from 0."""

FREE, BLOCKED = ".", "#"
LATEST = 20_000
"""The last step at which an errand may be released: every step until then is planned."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A floor: a text a row, ``.`` for a free cell and ``#`` for a shelf or wall; robots step to the four neighbours."""

    rows: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse a floor that is no rectangle or has other signs, naming the row."""
        if not self.rows or not self.rows[0]:
            raise Invalid("the grid needs at least one row and column", "grid")
        for number, row in enumerate(self.rows):
            if len(row) != len(self.rows[0]):
                raise Invalid(
                    f"grid row {number}: {len(row)} cells where the first row has {len(self.rows[0])}", "grid"
                )
            if strange := set(row) - {FREE, BLOCKED}:
                raise Invalid(f"grid row {number}: {sorted(strange)[0]!r} is neither '.' (free) nor '#'", "grid")

    def is_free(self, cell: Cell) -> bool:
        """Whether a cell is on the floor and free."""
        row, column = cell
        return 0 <= row < len(self.rows) and 0 <= column < len(self.rows[0]) and self.rows[row][column] == FREE


@dataclass(frozen=True, slots=True)
class Robot:
    """A robot; without a goal it only makes way."""

    id: str
    start: Cell
    goal: Cell | None = None


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to fetch and bring, not before a step."""

    id: str
    pickup: Cell
    drop: Cell
    release: int = 0


@dataclass(frozen=True, slots=True)
class RobotProblem:
    """Robots that each go to a goal and stay there; or, with ``errands``, robots that share errands as they come."""

    grid: Grid
    robots: tuple[Robot, ...]
    errands: tuple[Errand, ...] = ()

    def __post_init__(self) -> None:
        """Refuse robots and errands off the floor, on one another, or named twice."""
        if not self.robots:
            raise Invalid("there has to be at least one robot", "robots")
        ids: set[str] = set()
        starts: dict[Cell, str] = {}
        goals: dict[Cell, str] = {}
        for robot in self.robots:
            if robot.id in ids:
                raise Invalid(f"robot {robot.id} stands twice", "robots")
            ids.add(robot.id)
            for what, cell, taken in (("start", robot.start, starts), ("goal", robot.goal, goals)):
                if cell is None:
                    continue
                if not self.grid.is_free(cell):
                    raise Invalid(f"robot {robot.id}: its {what} {list(cell)} is no free cell", "robots")
                if cell in taken:
                    raise Invalid(f"robots {taken[cell]} and {robot.id} have the same {what} {list(cell)}", "robots")
                taken[cell] = robot.id
            if self.errands and robot.goal is not None:
                raise Invalid(f"robot {robot.id}: with errands robots have no goals of their own", "robots")
            if not self.errands and robot.goal is None:
                raise Invalid(f"robot {robot.id}: it needs a goal where there are no errands", "robots")
        seen: set[str] = set()
        for errand in self.errands:
            if errand.id in seen:
                raise Invalid(f"errand {errand.id} stands twice", "errands")
            seen.add(errand.id)
            if not 0 <= errand.release <= LATEST:
                raise Invalid(
                    f"errand {errand.id}: release {errand.release} must be a step from 0 to {LATEST}; times are steps of the "
                    "robots, not seconds or dates",
                    "errands",
                )
            for what, cell in (("pickup", errand.pickup), ("drop", errand.drop)):
                if not self.grid.is_free(cell):
                    raise Invalid(f"errand {errand.id}: its {what} {list(cell)} is no free cell", "errands")


@dataclass(frozen=True, slots=True)
class Served:
    """Which robot did an errand, and the steps at which it took and brought it."""

    errand: str
    robot: str
    picked: int
    dropped: int


@dataclass(frozen=True, slots=True)
class RobotPlan:
    """A cell for each robot and step (from step 0; a robot stays on its last cell), and how good that is.

    Parameters
    ----------
    total
        Without errands the sum of the steps at which robots come to rest at their goals; with errands the sum over errands of
        steps from release to drop.
    makespan
        The last step at which anything happens.
    total_bound, makespan_bound
        What no plan is below.
    served
        The errands that were done; ``open`` names those that were not within the step limit.
    """

    paths: Mapping[str, tuple[Cell, ...]]
    total: int
    makespan: int
    total_bound: int
    makespan_bound: int
    served: tuple[Served, ...] = ()
    open: tuple[str, ...] = ()

    @property
    def is_proven(self) -> bool:
        """Whether no plan has a smaller total."""
        return not self.open and self.total == self.total_bound
