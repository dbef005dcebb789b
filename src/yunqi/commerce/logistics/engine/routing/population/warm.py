"""Compile the population once; later processes load it in a fraction of a second."""

import numpy as np

from yunqi.commerce.logistics.engine.routing.population.evolution import Evolution
from yunqi.commerce.logistics.engine.routing.strings.packed import packed
from yunqi.commerce.logistics.model import Problem, Task, Travel, Vehicle


def warm() -> None:
    """Compile every function of the population, by a small problem."""
    tasks = tuple(Task(str(k), k, load=(1,)) for k in range(1, 10))
    square = np.array([[0.0, 0.0], *([float(k % 3), float(k // 3) + 1] for k in range(9))])
    vehicles = tuple(Vehicle(str(k), 0, 0, (4,)) for k in range(4))
    plain = packed(Problem("warm", tasks, vehicles, Travel("coordinates", xy=square)))
    evolution = Evolution(plain, seed=1, fewest=4, children=4)
    evolution.breed(lambda: 1.0, 20)
    evolution.receive(evolution.orders())
