"""The warehouse floor on generated problems (synthetic): batches, places, zones, robots and stacks, beside simpler ways."""

import os
import random

from yunqi.app.bench.model import Options, Row
from yunqi.commerce.logistics import (
    Container,
    Floor,
    LogisticsConfig,
    Yard,
    YardProblem,
    generated_batches,
    generated_fleet,
    generated_products,
    generated_zones,
)

SECONDS = 10.0


def run(runs: int, options: Options) -> list[Row]:
    """Solve one problem of each kind; the seconds are of the wall, so the load is a row."""
    seconds = options.number("seconds", SECONDS)
    floor, yard, rows = Floor(LogisticsConfig()), Yard(LogisticsConfig()), []
    for orders in (100, 300):
        found = floor.batch(generated_batches(orders, seed=1), seconds=seconds)
        for peer, metres in (("savings alone", found.savings), ("first come", found.first_come)):
            name = f"batches_{orders}_m_beside_{peer.split()[0]}"
            rows.append(Row(name, found.metres, "m", peer, metres, found.metres / metres))
        rows.append(Row(f"batches_{orders}_gap_to_bound", found.gap, "share"))
    for count in (100, 300):
        placed = floor.slot(generated_products(count, 12 * count, seed=1), seconds=seconds)
        peer = "cube per order"
        ratio = placed.held_out / placed.peer_held_out
        rows.append(Row(f"slots_{count}_held_out_m", placed.held_out, "m", peer, placed.peer_held_out, ratio))
    zones = floor.zone(generated_zones(1_000, seed=1))
    busiest = zones.ways[-1].busiest_held_out
    rows.append(
        Row(
            "zones_5_busiest_held_out_s",
            busiest,
            "s",
            "as many aisles each",
            zones.equal_held_out,
            busiest / zones.equal_held_out,
        )
    )
    for robots in (10, 60):
        plan = yard.robots(generated_fleet(20, 42, robots, seed=1), seconds=seconds)
        rows.append(Row(f"robots_{robots}_over_bound", plan.total / plan.total_bound - 1, "share"))
    day = yard.robots(generated_fleet(30, 62, 200, errands=600, seed=1), seconds=seconds)
    rows.append(
        Row(
            "errands_600_makespan",
            day.makespan,
            "steps",
            "its bound",
            day.makespan_bound,
            day.makespan / day.makespan_bound,
        )
    )
    for stacks in (6, 10):
        moves = yard.fetch(_bay(stacks, stacks - 1, seed=1), seconds=seconds)
        rows.append(
            Row(f"yard_{stacks}_shifts", moves.shifts, "moves", "its bound", moves.bound, moves.shifts / moves.bound)
        )
    return [*rows, Row("load", os.getloadavg()[0], "")]


def _bay(stacks: int, fill: int, *, seed: int) -> YardProblem:
    leaves = list(range(stacks * fill))
    random.Random(seed).shuffle(leaves)
    rows = [leaves[at * fill : (at + 1) * fill] for at in range(stacks)]
    return YardProblem(tuple(tuple(Container(f"c{one}", one) for one in row) for row in rows), fill + 2)
