"""Answers of the warehouse floor as plain values, for commands and routes alike."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from yunqi.commerce.logistics.model.floor import Batching, RefillPlan, Slotting
from yunqi.commerce.logistics.model.warehouse import PickRoute, Wave
from yunqi.commerce.logistics.model.zones import Zoning


def batching_document(found: Batching) -> dict[str, Any]:
    """Return batches with the total walk, its bound and the simpler ways."""
    return {
        "metres": round(found.metres, 3), "bound": round(found.bound, 3), "gap": round(found.gap, 4),
        "first_come_metres": round(found.first_come, 3), "savings_metres": round(found.savings, 3),
        "batches": [
            {"orders": list(one.orders), "metres": round(one.metres, 3), "load": one.load} for one in found.batches
        ],
    }  # fmt: skip


def slotting_document(found: Slotting) -> dict[str, Any]:
    """Return places by product and the mean walks in metres."""
    return {
        "held_out_metres": round(found.held_out, 3), "learned_metres": round(found.learned, 3),
        "cube_per_order": {
            "held_out_metres": round(found.peer_held_out, 3), "learned_metres": round(found.peer_learned, 3),
        },
        "today_held_out_metres": None if found.today_held_out is None else round(found.today_held_out, 3),
        "places": dict(found.places), "moves": list(found.moves),
    }  # fmt: skip


def walk_document(found: PickRoute, names: Sequence[str]) -> dict[str, Any]:
    """Return the walk's length, the ids of the picks in its order, and where it turns or stops (aisle, metres)."""
    return {
        "metres": round(found.metres, 3), "picks": [names[number] for number in found.picks],
        "path": [list(point) for point in found.path],
    }  # fmt: skip


def wave_document(found: Wave) -> dict[str, Any]:
    """Return orders and aisles of a wave, counted from 0, its units an aisle and their bound."""
    return {
        "value": found.value, "bound": found.bound, "is_proven": found.is_proven,
        "orders": list(found.orders), "aisles": list(found.aisles),
    }  # fmt: skip


def zoning_document(found: Zoning) -> dict[str, Any]:
    """Return zones, what each number of them comes to, and zones of as many aisles each beside them; times in seconds."""
    return {
        "busiest_s": round(found.ways[-1].busiest, 3), "busiest_held_out_s": round(found.ways[-1].busiest_held_out, 3),
        "equal_aisles": {
            "busiest_s": round(found.equal, 3), "busiest_held_out_s": round(found.equal_held_out, 3),
        },
        "zones": [
            {"aisles": [one.first, one.last], "seconds": round(one.seconds, 3), "orders": one.orders}
            for one in found.zones
        ],
        "ways": [
            {"zones": one.zones, "busiest_s": round(one.busiest, 3), "total_s": round(one.total, 3),
             "busiest_held_out_s": round(one.busiest_held_out, 3), "handovers": round(one.handovers, 3)}
            for one in found.ways
        ],
    }  # fmt: skip


def refill_document(found: RefillPlan) -> dict[str, Any]:
    """Return tasks, shortages and how late the latest urgent task is."""
    return {
        "tasks": [asdict(one) for one in found.tasks],
        "short": [{"wave": wave, "product": product, "units": units} for wave, product, units in found.short],
        "latest_min": found.latest,
    }
