"""The scale plan: throughput measured here and now, what it takes for a day, and a day that is really planned."""

import math
import os
import resource
import time

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.scale.region import Region
from yunqi.commerce.logistics.model.scale import AreaPlan, Effort, ScalePlan, Throughput
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.routing import prepare, solve
from yunqi.kernel import Invalid

LONGEST = 3_000.0
"""Seconds after which the search of one area is ended although its iterations are not done."""
LONGER = 4
"""How many times longer the search is that the quality is compared with."""
MOST_PARCELS = 1_000_000_000


def plan_area(
    region: Region, area: int, parcels: list[int], config: LogisticsConfig, *, iterations: int, seed: int
) -> AreaPlan:
    """Plan one depot's day; the same parcels, iterations and seed give the same answer wherever it runs."""
    import numpy as np

    problem = region.problem(area, np.array(parcels))
    begun = time.process_time()
    plan = solve(problem, config, budget=Budget(LONGEST), seed=seed, iterations=iterations * len(parcels))
    routes = tuple(route.stops for route in plan.routes if route.stops)
    spent = time.process_time() - begun
    return AreaPlan(area, routes, tuple(one.id for one in plan.unserved), plan.cost, spent)


def measure(effort: Effort, *, seed: int) -> Throughput:
    """Plan one depot area with this effort and again with more, in this process."""
    prepare()
    config = LogisticsConfig(workers=1, max_seconds=LONGEST)
    region = Region(effort.area_stops, seed=seed)
    stops = list(range(effort.area_stops))
    plan_area(region, 0, stops[:20], config, iterations=1, seed=seed)  # loads what was compiled before
    begun = os.getloadavg()[0]
    found = plan_area(region, 0, stops, config, iterations=effort.iterations, seed=seed)
    longer = plan_area(region, 0, stops, config, iterations=LONGER * effort.iterations, seed=seed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Throughput(
        len(stops), len(found.routes), found.cpu_seconds, found.cost / longer.cost - 1.0, LONGER, memory,
        (begun + os.getloadavg()[0]) / 2,
    )  # fmt: skip


def scale(parcels: int, effort: Effort, measured: Throughput) -> ScalePlan:
    """Return what a day of so many parcels takes.

    Raises
    ------
    Invalid
        No parcels, or more than can be meant.
    """
    if not 1 <= parcels <= MOST_PARCELS:
        raise Invalid(f"{parcels} parcels: from 1 to {MOST_PARCELS:,} can be reckoned with", "parcels")
    depots = -(-parcels // effort.area_stops)
    seconds = parcels / measured.stops_per_cpu_second
    cores = math.ceil(seconds / (effort.window_hours * 3_600 * (1 - effort.spare)))
    cost = math.ceil(seconds / 3_600 * effort.core_hour)
    vans = math.ceil(parcels * measured.vans / measured.stops)
    return ScalePlan(
        parcels, effort, measured, depots, vans, seconds / 3_600, cores, cores * measured.memory_mib / 1024, cost
    )
