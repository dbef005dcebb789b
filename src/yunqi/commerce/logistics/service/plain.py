"""Answers as plain values, for commands and routes alike."""

from datetime import timedelta
from typing import Any

from yunqi.commerce.logistics.model.berth import BerthPlan
from yunqi.commerce.logistics.model.forecast import Forecast, Hierarchy, Judged
from yunqi.commerce.logistics.model.packing import Packing


def packing_document(packing: Packing, scale: int) -> dict[str, Any]:
    """Return the packing as plain values, lengths in the unit of the file."""

    def back(value: int) -> float | int:
        return value if scale == 1 else value / scale

    placements = [
        {"bin": load.bin, "number": load.number, "item": piece.item}
        | {name: back(getattr(piece, name)) for name in ("x", "y", "z", "dx", "dy", "dz")}
        for load in packing.loads
        for piece in load.placements
    ]
    left = [{"item": item, "copies": copies, "reason": why} for item, (copies, why) in packing.left.items()]
    return {
        "use": packing.use, "bound": packing.bound, "bins": len(packing.loads), "seconds": round(packing.seconds, 3),
        "placements": placements, "left": left,
    }  # fmt: skip


def berth_document(plan: BerthPlan) -> dict[str, Any]:
    """Return the plan as plain values; vessels and berths are counted from 1."""
    visits = []
    for visit in plan.visits:
        one: dict[str, Any] = {"vessel": visit.vessel, "berth": visit.berth, "start": visit.start, "end": visit.end}
        if visit.cranes is not None:
            one |= {"name": visit.name, "position_m": visit.position, "cranes": visit.cranes}
        visits.append(one)
    return {
        "cost": plan.cost,
        "bound": plan.bound,
        "gap": plan.gap,
        "seconds": round(plan.seconds, 3),
        "visits": visits,
    }


def forecast_rows(found: Forecast, *, most: int | None = None) -> list[dict[str, Any]]:
    """Return a row for each series, or the first so many, and bucket: id, start (a day), median, low, high."""
    starts = [found.first + timedelta(days=found.bucket.days * at) for at in range(found.median.shape[1])]
    return [
        {
            "id": name,
            "start": start.isoformat(),
            "median": round(float(found.median[row, at]), 3),
            "low": round(float(found.low[row, at]), 3),
            "high": round(float(found.high[row, at]), 3),
        }
        for row, name in enumerate(found.ids[:most])
        for at, start in enumerate(starts)
    ]


def hierarchy_rows(found: Hierarchy) -> list[dict[str, Any]]:
    """Return a row for each node and bucket: level, id, start, mean (adds up), separate."""
    starts = [found.first + timedelta(days=found.bucket.days * at) for at in range(found.mean.shape[1])]
    return [
        {
            "level": found.levels[row],
            "id": name,
            "start": start.isoformat(),
            "mean": round(float(found.mean[row, at]), 6),
            "separate": round(float(found.separate[row, at]), 6),
        }
        for row, name in enumerate(found.ids)
        for at, start in enumerate(starts)
    ]


def judged_row(one: Judged) -> dict[str, Any]:
    """Return how well a forecast was as plain values."""
    return {
        "class": one.kind, "series": one.series, "wape": round(one.wape, 4), "wape_of_28_day_mean": round(one.plain, 4),
        "bias": round(one.bias, 4), "coverage": round(one.coverage, 4),
    }  # fmt: skip
