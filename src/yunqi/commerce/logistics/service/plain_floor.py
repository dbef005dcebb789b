"""Answers of the warehouse floor as plain values, for commands and routes alike."""

from dataclasses import asdict
from typing import Any

from yunqi.commerce.logistics.model.floor import Batching, RefillPlan, Slotting


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


def refill_document(found: RefillPlan) -> dict[str, Any]:
    """Return tasks, shortages and how late the latest urgent task is."""
    return {
        "tasks": [asdict(one) for one in found.tasks],
        "short": [{"wave": wave, "product": product, "units": units} for wave, product, units in found.short],
        "latest_min": found.latest,
    }
