"""Where everything stands in the rich engine's flat arrays: compiled functions pass few arrays, as each one costs.

A problem is ``p`` (integers), ``prices`` (numbers) and ``table`` (distances and times between places); what one thread
works on is ``s`` (integers), ``f`` (numbers) and ``c`` (the clock of a simulated day, see `day`).
"""

# Tasks: a row of columns each.
PLACE, KIND, SERVICE, PARTNER, GROUP, PIN, PENALTY, MAX_RIDE, NEED, FIRST_WINDOW, WINDOWS, FIRST_AFTER, AFTERS = range(
    13
)
WATCHED, LEVEL, LOCKED, LURE = range(13, 17)  # LURE: the prices of all that can be served only after it
TASK_COLUMNS = 17
DELIVERY, PICKUP, SHIP_PICKUP, SHIP_DELIVERY, SERVICE_ONLY = range(5)

# Vehicles: a row of columns each.
START, END, OPENS, CLOSES, FIXED, MAX_DISTANCE, MAX_TIME, MAX_TASKS, DRIVE_LIMIT, DRIVE_PAUSE = range(10)
RELOADS, RANGE, CHARGE_TIME, HAS, PREFIX, FIRST_BREAK, BREAKS, FIRST_CHARGER, CHARGERS, LIKE = range(10, 20)
MAX_DRIVE, RELOAD_TIME, DEPARTED, TRAVELS = range(20, 24)
VEHICLE_COLUMNS = 24

# The header of ``p``: numbers of tasks, vehicles, dimensions, steps of the profile, close tasks of each, and the length of
# a row; whether any task has a partner or a predecessor; then where each table begins.
N, M, DIMENSIONS, STEPS, NEAR_COUNT, AROUND_COUNT, WIDTH, LINKED = range(8)
TASK, LOAD, WINDOW, AFTER, VEHICLE, ROOM, BREAK, CHARGER, PROFILE, NEAR, AROUND = range(8, 19)
HEADER = 19

# ``prices``: four of each vehicle, then four keys of each task by which it may be sorted.
PER_DISTANCE, PER_TIME, FAIRNESS, PER_DRIVE = range(4)
PRICE_COLUMNS, KEY_ROWS = 4, 4

# The header of ``s``: tasks absent, iterations, tasks away from the vehicle of a plan in force, touched rows, the last
# stamp, tasks of this thread, and a vehicle that takes nothing in this iteration (or -1); then where each list begins.
# CARRIED: of each vehicle and dimension what its deliveries and its pickups weigh; of the stops of a simulated day MARKS
# (see CHARGE_HERE), HOLD: seconds to hold each back, WAITS: the waiting up to each, FORCED: where a reload is.
ABSENT, DONE, MOVED, TOUCHED, STAMP, OWN_COUNT, BARRED = range(7)
ROWS, LENGTHS, WHERE, POSITION, MINE, OWN, HOMES, ABSENTS, BEST_ROWS, BEST_LENGTHS, DIRTY, SAVED, SAVED_LENGTH = range(
    7, 20
)
TOUCHES, WORK, ENDS, MARKS, REMOVED, WAS, STAMPS, AT_ROW, AT_PLACE, CARRIED, HOLD, WAITS, FORCED = range(20, 33)
STATE_HEADER = 33

# ``f``: the cost of this thread's rows and absent tasks, the best of the round, how many places may be listed, then where
# each list begins; how often a place is overlooked, after how many that hold the cheapest is taken, and how many times
# their worth prizes count in this iteration.
COST, BEST, PLACES, COSTS, SAVED_COSTS, ORDER, PROMISE, BLINK, ENOUGH, GENEROUS = range(10)
NUMBER_HEADER = 10

# The clock ``c`` of a simulated day: time, place, distance, driving since the last pause, distance since the last charge,
# breaks taken, waiting so far, 0 while nothing is broken, driving in all, reloads, and the stop that should be begun later
# (or -1) with by how much. Behind it three numbers a dimension: what is on board, the most of this trip, and what of
# shipments is on board.
NOW, AT, FAR, SINCE_PAUSE, SINCE_CHARGE, TAKEN, WAITED, BROKEN, DRIVEN, RELOADED, HELD_AT, HELD_BY = range(12)
CLOCK = 12

CHARGE_HERE = 1 << 21
"""In the marks of a stop: 1 a reload before it, times 2 one more than the place of a charge before it (behind the reload),
times this one more than the place of a charge before the reload."""
REQUIRED = 10**11
"""Prices from which a task must be served."""

INFEASIBLE = 1e30
