"""`yunqi bench rides`: generated dial-a-ride days beside OR-Tools on the same CPU seconds.

They have the form of Cordeau and Laporte (2003), not their files: requests, windows and places are drawn by the rules of that
paper. Ours is checked; what OR-Tools serves and how far it goes is its own word. PyVRP and VROOM know no longest ride. Served
first, then the way. The search was tuned on other draws.
"""

from typing import Any

import numpy as np

from yunqi.app.bench.forms import planned_beside
from yunqi.app.bench.model import Options, Row
from yunqi.commerce.logistics import prepare

FIRST_SEED = 11
SIZES = ((24, 3), (48, 5), (96, 9), (144, 13))
"""Requests and vehicles."""
MINUTE = 60
SERVICE, WIDTH, LONGEST_RIDE, LONGEST_DAY, SEATS, DAY = 10, 15, 90, 480, 6, 1440
"""Minutes at a stop, of a window, on board, of a vehicle's day; seats; minutes of the depot's day."""


def run(runs: int, options: Options) -> list[Row]:
    """Plan ``runs`` days of each size; return what each side serves, and the way of those that serve all."""
    seconds, first = options.number("seconds", 10), options.whole("seed", FIRST_SEED)
    prepare()
    rows: list[Row] = []
    for requests, vehicles in SIZES:
        days = [_both(requests, vehicles, seconds, seed, options) for seed in range(first, first + runs)]
        found = [theirs for _, theirs in days]
        label = next((one["absent"] for one in found if "absent" in one), "OR-Tools")
        is_there = all("served" in one for one in found)
        for name, unit in (("served", "requests"), ("way", "s"), ("cpu", "s")):
            mean = float(np.mean([one[name] for one in found])) if is_there else None
            rows.append(
                Row(
                    f"{requests}_{name}", float(np.mean([ours[name] for ours, _ in days])), unit, label, mean, runs=runs
                )
            )
    return rows


def generated_rides(requests: int, vehicles: int, *, seed: int) -> dict[str, Any]:
    """Return a day as our JSON: places in a square of 20 minutes, close to four centres or anywhere; way and time are one.

    One half of the requests say when they want to arrive, the other when they want to be fetched.
    """
    draw = np.random.default_rng(seed)
    centres = draw.uniform(-10, 10, (4, 2))
    points = [centres.mean(0)]
    while len(points) < 2 * requests + 1:
        point = draw.uniform(-10, 10, 2)
        gaps = centres - point
        if draw.random() < 0.5 or draw.random() < np.exp(-np.hypot(gaps[:, 0], gaps[:, 1]).min()):
            points.append(point)
    xy = np.array(points)
    apart = xy[:, None] - xy[None]
    times = np.rint(np.hypot(apart[..., 0], apart[..., 1]) * MINUTE).astype(int)
    shipments: list[dict[str, Any]] = []
    for k in range(requests):
        opens = int(draw.uniform(60, 480)) * MINUTE
        ends: list[dict[str, Any]] = [
            {"location": f"p{place}", "service_s": SERVICE * MINUTE} for place in (1 + k, 1 + requests + k)
        ]
        ends[k < requests // 2]["windows_s"] = [[opens, opens + WIDTH * MINUTE]]
        ride = {"id": f"r{k}", "pickup": ends[0], "delivery": ends[1], "load": 1}
        shipments.append(ride | {"max_ride_s": LONGEST_RIDE * MINUTE})
    van = {"id": "v", "count": vehicles, "start": "p0", "end": "p0", "capacity": SEATS}
    van |= {"window_s": [0, DAY * MINUTE], "max_time_s": LONGEST_DAY * MINUTE}
    places = [{"id": f"p{k}", "x": round(x * MINUTE), "y": round(y * MINUTE)} for k, (x, y) in enumerate(xy.tolist())]
    matrix = {"distances": times.tolist(), "durations": times.tolist()}
    return {
        "name": f"rides {requests}",
        "locations": places,
        "matrix": matrix,
        "vehicles": [van],
        "shipments": shipments,
    }


def _both(
    requests: int, vehicles: int, seconds: float, seed: int, options: Options
) -> tuple[dict[str, float], dict[str, Any]]:
    document = generated_rides(requests, vehicles, seed=seed)
    plan, cpu, theirs = planned_beside("rides", document, seconds, seed, options)
    served = requests - len(plan.unserved) // 2
    return {"served": float(served), "way": plan.cost, "cpu": cpu}, theirs
