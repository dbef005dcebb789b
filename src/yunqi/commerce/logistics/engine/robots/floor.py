"""A floor as the searches see it: numbered cells, neighbours and distances."""

import numpy as np

from yunqi.commerce.logistics.engine.robots.kernels.cells import NOWHERE, Cells, distances
from yunqi.commerce.logistics.model.robots import Cell, Grid

FAR = int(NOWHERE)


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
        self.near = np.full((self.size, 4), -1, np.int32)
        for cell, cells in enumerate(self.next):
            self.near[cell, : len(cells)] = cells
        self._guides: dict[int, Cells] = {}
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
            found = self._distances[goal] = self.guide(goal).tolist()
        return found

    def guide(self, goal: int) -> Cells:
        """Return what `distances` does, as an array."""
        found = self._guides.get(goal)
        if found is None:
            found = self._guides[goal] = distances(self.near, goal)
        return found
