"""Which vehicles are interchangeable."""

from yunqi.commerce.logistics.model import Vehicle


def likeness(vehicle: Vehicle) -> tuple[object, ...]:
    """Return what vehicles are alike by: everything but the id."""
    return tuple(getattr(vehicle, name) for name in Vehicle.__slots__ if name != "id")
