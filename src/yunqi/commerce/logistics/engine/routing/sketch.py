"""A plain problem beside a rich one: its plan, as far as it holds, is a start for the search over whole days."""

import dataclasses

from yunqi.commerce.logistics.model import FOREVER, Problem, Task, TaskKind, Vehicle

SMALLEST = 150
"""Tasks from which a plan from nothing takes the search over whole days too long."""


def sketched(problem: Problem) -> Problem | None:
    """Return the problem without the rules of whole days, or None where that says nothing about it."""
    if any(vehicle.prefix or (vehicle.start is None and vehicle.end is None) for vehicle in problem.vehicles):
        return None
    if any(task.max_ride is not None for task in problem.tasks):  # a plan without that limit has long rides everywhere
        return None
    is_paired = any(task.partner for task in problem.tasks)
    unit = max(0.001, *(v.distance_cost + v.time_cost + v.drive_cost for v in problem.vehicles))
    return dataclasses.replace(
        problem, tasks=tuple(_plain_task(task, is_paired) for task in problem.tasks),
        vehicles=tuple(_plain_vehicle(vehicle, unit, is_paired) for vehicle in problem.vehicles),
        travel=dataclasses.replace(problem.travel, profile=()),
    )  # fmt: skip


def _plain_task(task: Task, is_paired: bool) -> Task:
    widest = max(task.windows, key=lambda window: window[1] - window[0], default=None)
    kind, load = task.kind, task.load
    if task.partner is None:  # pickups beside deliveries are no more than loads here
        kind, load = (TaskKind.SERVICE, tuple(0 for _ in load)) if is_paired else (TaskKind.DELIVERY, load)
    windows = () if widest is None else (widest,)
    return dataclasses.replace(task, kind=kind, load=load, windows=windows, group=None, after=(), max_ride=None)


def _plain_vehicle(vehicle: Vehicle, unit: float, is_paired: bool) -> Vehicle:
    start = vehicle.end if vehicle.start is None else vehicle.start
    end = start if vehicle.end is None else vehicle.end
    opens, closes = vehicle.window
    span = closes - opens if vehicle.max_time is None else min(closes - opens, vehicle.max_time)
    span = max(1, span - sum(pause.duration for pause in vehicle.breaks))
    room = tuple(min(FOREVER, amount * (1 + vehicle.reloads)) for amount in vehicle.capacity)
    return Vehicle(
        vehicle.id, start, end, room, (opens, opens + span), vehicle.skills, vehicle.fixed_cost, unit,
        max_tasks=None if is_paired else vehicle.max_tasks,
    )  # fmt: skip
