"""Small problems made by the tests themselves."""

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("numba", reason="needs the extra logistics")


@pytest.fixture
def circle(tmp_path: Path) -> Callable[..., Path]:
    """Write a CVRP whose optimum is known by construction: clusters far out, each as large as a vehicle."""

    def circle(clusters: int = 4, size: int = 3, radius: int = 1000) -> Path:
        points = [(0, 0)]
        for k in range(clusters):
            angle = 2 * math.pi * k / clusters
            x, y = round(radius * math.cos(angle)), round(radius * math.sin(angle))
            points += [(x + 3 * j, y) for j in range(size)]
        lines = ["NAME : circle", "TYPE : CVRP", f"DIMENSION : {len(points)}", "EDGE_WEIGHT_TYPE : EUC_2D"]
        lines += [f"CAPACITY : {size}", "NODE_COORD_SECTION"]
        lines += [f"{k + 1} {x} {y}" for k, (x, y) in enumerate(points)]
        lines += ["DEMAND_SECTION", "1 0", *[f"{k + 2} 1" for k in range(clusters * size)]]
        lines += ["DEPOT_SECTION", "1", "-1", "EOF", ""]
        path = tmp_path / "circle.vrp"
        path.write_text("\n".join(lines))
        return path

    return circle


@pytest.fixture
def town() -> Callable[..., dict[str, object]]:
    """Return our JSON of a small town."""

    def town(tasks: int = 12, vehicles: int = 3, seed: int = 1, **vehicle: object) -> dict[str, object]:
        draw = random.Random(seed)
        places: list[dict[str, object]] = [{"id": "depot", "x": 500, "y": 500}]
        places += [{"id": f"p{k}", "x": draw.randint(0, 1000), "y": draw.randint(0, 1000)} for k in range(tasks)]
        van = {"start": "depot", "capacity": tasks, "window_s": [0, 50_000]} | vehicle
        return {
            "locations": places,
            "vehicles": [{"id": f"v{k}"} | van for k in range(vehicles)],
            "tasks": [{"id": f"t{k}", "location": f"p{k}", "load": 1, "service_s": 60} for k in range(tasks)],
        }

    return town
