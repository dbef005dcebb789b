"""A floor as the searches see it: numbered cells, neighbours, distances, and who is where when."""

import heapq
from collections import deque
from collections.abc import Sequence

from yunqi.commerce.logistics.model.robots import Cell, Grid

FAR = 1 << 40


class Ground:
    """A grid with cells numbered row by row.

    Parameters
    ----------
    grid
        The floor.
    """

    def __init__(self, grid: Grid) -> None:
        self.width = len(grid.rows[0])
        self.size = len(grid.rows) * self.width
        self.next: list[list[int]] = [[] for _ in range(self.size)]
        for cell in range(self.size):
            row, column = divmod(cell, self.width)
            if grid.is_free((row, column)):
                around = ((row - 1, column), (row, column - 1), (row, column + 1), (row + 1, column))
                self.next[cell] = [self.number(one) for one in around if grid.is_free(one)]
        self._distances: dict[int, list[int]] = {}

    def number(self, cell: Cell) -> int:
        """Return the number of a cell."""
        return cell[0] * self.width + cell[1]

    def cell(self, number: int) -> Cell:
        """Return row and column of a number."""
        return divmod(number, self.width)

    def distances(self, goal: int) -> list[int]:
        """Return the steps from each cell to ``goal``, `FAR` where there is no way; kept for the next question."""
        found = self._distances.get(goal)
        if found is None:
            found = [FAR] * self.size
            found[goal] = 0
            queue = deque([goal])
            while queue:
                here = queue.popleft()
                for there in self.next[here]:
                    if found[there] == FAR:
                        found[there] = found[here] + 1
                        queue.append(there)
            self._distances[goal] = found
        return found


class Reservations:
    """Who is where at which step: cells, moves between cells, and cells where somebody rests from a step on."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.cells: set[int] = set()
        self.moves: set[int] = set()
        self.rests: dict[int, int] = {}
        self.last = 0

    def add(self, path: Sequence[int]) -> None:
        """Reserve a path."""
        for step, cell in enumerate(path):
            self.cells.add(step * self._size + cell)
            if step:
                self.moves.add(((step - 1) * self._size + path[step - 1]) * self._size + cell)
        self.rests[path[-1]] = len(path) - 1
        self.last = max(self.last, len(path))

    def remove(self, path: Sequence[int]) -> None:
        """Take a reserved path back."""
        for step, cell in enumerate(path):
            self.cells.discard(step * self._size + cell)
            if step:
                self.moves.discard(((step - 1) * self._size + path[step - 1]) * self._size + cell)
        del self.rests[path[-1]]

    def free_from(self, cell: int) -> int:
        """Return the first step from which a cell is never used again."""
        for step in range(self.last, -1, -1):
            if step * self._size + cell in self.cells:
                return step + 1
        return 0


def route(
    ground: Ground, taken: Reservations, start: int, goal: int, *, rest_from: int = 0, limit: int = FAR
) -> list[int] | None:
    """Return the earliest path from ``start`` to a rest at ``goal`` that meets nobody; None when there is none.

    Parameters
    ----------
    rest_from
        The step before which the robot may not come to rest.
    limit
        A path of so many steps or more isn't wanted.

    Notes
    -----
    A* over (cell, step), with the distance on the empty floor as the guide. After the last reservation nothing moves any
    more, so a cell that is reached later than that twice is looked at once.
    """
    guide, size, still = ground.distances(goal), ground.size, taken.last + 1
    if guide[start] == FAR or goal in taken.rests:
        return None
    rest_from = max(rest_from, taken.free_from(goal))
    nodes = [(start, 0, -1)]
    heap = [(max(guide[start], rest_from), 0, 0)]
    seen = {start}
    while heap:
        order, _, node = heapq.heappop(heap)
        here, step, _ = nodes[node]
        if order >= limit:
            return None
        if here == goal and step >= rest_from:
            return _back(nodes, node)
        after = step + 1
        for there in (*ground.next[here], here):
            key = min(after, still) * size + there
            if key in seen or after * size + there in taken.cells or taken.rests.get(there, FAR) <= after:
                continue
            if (step * size + there) * size + here in taken.moves:
                continue
            seen.add(key)
            nodes.append((there, after, node))
            heapq.heappush(heap, (max(after + guide[there], rest_from), -after, len(nodes) - 1))
    return None


def _back(nodes: list[tuple[int, int, int]], node: int) -> list[int]:
    path = []
    while node >= 0:
        path.append(nodes[node][0])
        node = nodes[node][2]
    return path[::-1]
