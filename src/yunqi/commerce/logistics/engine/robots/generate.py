"""Generated floors: blocks of shelves with lanes between them. Synthetic: no warehouse's data."""

import random

from yunqi.commerce.logistics.model.robots import Cell, Errand, Grid, Robot, RobotProblem


def floor(rows: int, columns: int) -> Grid:
    """Return a floor with shelves two rows deep and eight columns long, lanes around each, and an empty rim."""
    return Grid(
        tuple(
            "".join(
                "#"
                if 2 <= row < rows - 2 and 2 <= column < columns - 2 and row % 3 and column % 10 not in (0, 1)
                else "."
                for column in range(columns)
            )
            for row in range(rows)
        )
    )


def fleet(rows: int, columns: int, robots: int, *, errands: int = 0, seed: int) -> RobotProblem:
    """Return robots with goals of their own, or with errands that come over time; the same for the same seed."""
    chance, grid = random.Random(seed), floor(rows, columns)
    cells: list[Cell] = [
        (row, column) for row in range(rows) for column in range(columns) if grid.is_free((row, column))
    ]
    starts, goals = chance.sample(cells, robots), chance.sample(cells, robots)
    if not errands:
        return RobotProblem(grid, tuple(Robot(f"R{k}", starts[k], goals[k]) for k in range(robots)))
    rounds = max(1, errands // robots)
    wanted = tuple(
        Errand(f"E{k}", chance.choice(cells), chance.choice(cells), chance.randrange(rounds * (rows + columns) // 2))
        for k in range(errands)
    )
    return RobotProblem(grid, tuple(Robot(f"R{k}", starts[k]) for k in range(robots)), wanted)
