"""Where the stops of a kept problem lie, and what its papers say about them, for maps and drivers."""

from collections.abc import Sequence
from typing import Any

SHOWN = ("name", "note")


def whereabouts(document: dict[str, Any], events: Sequence[Any]) -> dict[str, dict[str, Any]]:
    """Return for each task's id its coordinates (``lat`` and ``lon``, or ``x`` and ``y``) and its name and note.

    Parameters
    ----------
    document
        The problem in our form or VROOM's, as it was submitted.
    events
        The events since, which may have added orders.
    """
    places = document.get("locations") or []
    by_id = {str(one["id"]): one for one in places if isinstance(one, dict) and "id" in one}
    new = [one for one in events if isinstance(one, dict) and one.get("type") == "order_added"]
    added = [one["task"] for one in new if one.get("task")]
    found: dict[str, dict[str, Any]] = {}
    for task in [*document.get("tasks", []), *document.get("jobs", []), *added]:
        found[str(task.get("id"))] = _about(task, places, by_id)
    for shipment in [*document.get("shipments", []), *(one["shipment"] for one in new if one.get("shipment"))]:
        for side in ("pickup", "delivery"):
            half = shipment.get(side) or {}
            key = str(half.get("id", f"{shipment.get('id')}:{side}"))
            found[key] = _about(half, places, by_id)
            found.setdefault(f"{side} {key}", found[key])  # VROOM's ids that clash are told apart so
    return found


def depots(document: dict[str, Any], vehicle: str) -> dict[str, Any]:
    """Return where a vehicle starts and ends, as far as the document says."""
    places = document.get("locations") or []
    by_id = {str(one["id"]): one for one in places if isinstance(one, dict) and "id" in one}
    for one in document.get("vehicles", []):
        key = str(one.get("id"))
        if vehicle == key or vehicle.startswith(f"{key}-"):
            start = _point(one.get("start", one.get("start_index")), places, by_id)
            end = _point(one.get("end", one.get("end_index", one.get("start"))), places, by_id)
            return {"start": start or None, "end": end or None}
    return {"start": None, "end": None}


def _about(task: dict[str, Any], places: list[Any], by_id: dict[str, Any]) -> dict[str, Any]:
    point = _point(task.get("location", task.get("location_index")), places, by_id)
    words = {key: task[key] for key in SHOWN if task.get(key)}
    if task.get("description"):
        words.setdefault("name", task["description"])
    return point | words


def _point(value: Any, places: list[Any], by_id: dict[str, Any]) -> dict[str, Any]:
    if isinstance(value, list) and len(value) == 2:
        return {"lon": value[0], "lat": value[1]}
    if isinstance(value, str):
        value = by_id.get(value)
    elif isinstance(value, int) and 0 <= value < len(places):
        value = places[value]
    if not isinstance(value, dict):
        return {}
    return {key: value[key] for key in ("lat", "lon", "x", "y") if key in value}
