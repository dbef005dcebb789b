"""Columns of the rich engine's tables."""

from numba import njit

# Tasks: a row each.
PLACE, KIND, SERVICE, PARTNER, GROUP, PIN, PENALTY, MAX_RIDE, NEED, FIRST_WINDOW, WINDOWS, FIRST_AFTER = range(12)
AFTERS, LURE = 12, 13  # LURE: the prices of all that can be served only after it
TASK_COLUMNS = 14
DELIVERY, PICKUP, SHIP_PICKUP, SHIP_DELIVERY, SERVICE_ONLY = range(5)

# Vehicles: a row each.
START, END, OPENS, CLOSES, FIXED, MAX_DISTANCE, MAX_TIME, MAX_TASKS, DRIVE_LIMIT, DRIVE_PAUSE = range(10)
RELOADS, RANGE, CHARGE_TIME, HAS, PREFIX, FIRST_BREAK, BREAKS, FIRST_CHARGER, CHARGERS, LIKE = range(10, 20)
MAX_DRIVE, RELOAD_TIME, DEPARTED, TRAVELS = range(20, 24)
VEHICLE_COLUMNS = 24

# Prices of a vehicle: per distance, per time, for evenness, per time at the wheel.
PER_DISTANCE, PER_TIME, FAIRNESS, PER_DRIVE = range(4)

# The clock of a simulation: time, place, distance, driving since the last pause, distance since the last charge,
# breaks taken, waiting so far, 0 while nothing is broken, driving in all, reloads, and the stop that should be begun later
# (or -1) with by how much.
NOW, WHERE, FAR, SINCE_PAUSE, SINCE_CHARGE, TAKEN, WAITED, BROKEN, DRIVEN, RELOADED, HELD_AT, HELD_BY = range(12)
CLOCK = 12

INFEASIBLE = 1e30
REQUIRED = 10**11

CHARGE_HERE = 1 << 21
"""In the marks of a stop: 1 a reload before it, times 2 one more than the place of a charge before it (behind the reload),
times this one more than the place of a charge before the reload."""


@njit(cache=True, nogil=True)
def marks_room(stops: int, dimensions: int) -> int:
    """Return how many numbers a simulation needs for marks, holds, waits and forced reloads of so many stops."""
    return 4 * (stops + dimensions + 4)
