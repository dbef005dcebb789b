"""Where everything stands in the rich engine's flat arrays: compiled functions pass few arrays, as each one costs.

A problem is ``p`` (integers), ``prices`` (numbers) and ``table`` (distances and times between places); what one thread
works on is ``s`` (integers), ``f`` (numbers) and ``c`` (the clock of a simulated day, see `day`).
"""

# Tasks: a row of columns each.
PLACE, KIND, SERVICE, PARTNER, GROUP, PIN, PENALTY, MAX_RIDE, NEED, FIRST_WINDOW, WINDOWS, FIRST_AFTER, AFTERS = range(
    13
)
WATCHED, LEVEL, LOCKED, LURE = range(13, 17)  # LURE: the prices of all that can be served only after it
# ALL_NEED, ALL_PIN: skills and pin with those of all that have to share its vehicle, its family; IS_BOUND: whether any do;
# FAMILY: one number for all of a family.
ALL_NEED, ALL_PIN, IS_BOUND, FAMILY = range(17, 21)
TASK_COLUMNS = 21
DELIVERY, PICKUP, SHIP_PICKUP, SHIP_DELIVERY, SERVICE_ONLY = range(5)

# Vehicles: a row of columns each.
START, END, OPENS, CLOSES, FIXED, MAX_DISTANCE, MAX_TIME, MAX_TASKS, DRIVE_LIMIT, DRIVE_PAUSE = range(10)
RELOADS, RANGE, CHARGE_TIME, HAS, PREFIX, FIRST_BREAK, BREAKS, FIRST_CHARGER, CHARGERS, LIKE = range(10, 20)
MAX_DRIVE, RELOAD_TIME, DEPARTED, TRAVELS, IS_PLAIN, IS_DIRECT = range(20, 26)
VEHICLE_COLUMNS = 26
"""IS_PLAIN: nothing but windows, loads, limits and breaks shapes its day (see `plain`); IS_DIRECT: it goes from stop to stop,
never by another place, and a way takes as long at any time."""

# The header of ``p``: numbers of tasks, vehicles, dimensions, steps of the profile, close tasks of each, and the length of
# a row; whether any task has a partner or a predecessor; then where each table begins.
N, M, DIMENSIONS, STEPS, NEAR_COUNT, AROUND_COUNT, WIDTH, LINKED = range(8)
TASK, LOAD, WINDOW, AFTER, VEHICLE, ROOM, BREAK, CHARGER, PROFILE, NEAR, AROUND = range(8, 19)
HEADER = 19

# ``prices``: four of each vehicle, then four keys of each task by which it may be sorted.
PER_DISTANCE, PER_TIME, FAIRNESS, PER_DRIVE = range(4)
PRICE_COLUMNS, KEY_ROWS = 4, 4

# The header of ``s``: tasks absent, iterations, tasks away from the vehicle of a plan in force, touched rows, the last
# stamp, tasks of this thread, a vehicle that takes nothing in this iteration (or -1), and whether a task goes only where all
# may go that have to share its vehicle; then where each list begins.
# CARRIED: of each vehicle and dimension what its deliveries and its pickups weigh; of the stops of a simulated day MARKS
# (see CHARGE_HERE), HOLD: when each is begun at the earliest, WAITS: the waiting up to each, FORCED: where a reload is; of a
# plain day WAYS: the way to each, DONE_AT: when each is over, TIGHT: by how much all so far could be later, TAKEN_AT: breaks.
# KEPT: of each task in a row the clock behind it, LATEST: when it has to be begun at the latest; both hold for rows that
# are FRESH. AT_END: where the second half of a listed pair goes; LOOKED: the stamp at which each vehicle was found to be able
# to take a task, or minus the stamp.
ABSENT, DONE, MOVED, TOUCHED, STAMP, OWN_COUNT, BARRED, IS_JOINT = range(8)
ROWS, LENGTHS, WHERE, POSITION, MINE, OWN, HOMES, ABSENTS, BEST_ROWS, BEST_LENGTHS, DIRTY, SAVED, SAVED_LENGTH = range(
    8, 21
)
TOUCHES, WORK, ENDS, MARKS, REMOVED, WAS, STAMPS, AT_ROW, AT_PLACE, CARRIED, HOLD, WAITS, FORCED = range(21, 34)
WAYS, DONE_AT, TIGHT, TAKEN_AT, KEPT, LATEST, FRESH, AT_END, LOOKED = range(34, 43)
STATE_HEADER = 43

# ``f``: the cost of this thread's rows and absent tasks, the best of the round, how many places may be listed, then where
# each list begins; how often a place is overlooked, after how many that hold the cheapest is taken, and how many times
# their worth prizes count in this iteration.
COST, BEST, PLACES, COSTS, SAVED_COSTS, ORDER, PROMISE, BLINK, ENOUGH, GENEROUS = range(10)
NUMBER_HEADER = 10

# The clock ``c`` of a simulated day: time, place, distance, driving since the last pause, distance since the last charge,
# breaks taken, waiting so far, 0 while nothing is broken, driving in all, reloads, the stop that should be begun later (or -1)
# with when, and by how much all so far could be later with no window missed. Behind it three numbers a dimension: what is on
# board, the most of this trip, and what of shipments is on board.
NOW, AT, FAR, SINCE_PAUSE, SINCE_CHARGE, TAKEN, WAITED, BROKEN, DRIVEN, RELOADED, HELD_AT, HELD_TO, SLACK = range(13)
CLOCK = 13

CHARGE_HERE = 1 << 21
"""In the marks of a stop: 1 a reload before it, times 2 one more than the place of a charge before it (behind the reload),
times this one more than the place of a charge before the reload."""
REQUIRED = 10**11
"""Prices from which a task must be served."""

EVER = 1 << 40
"""Later than any day."""
INFEASIBLE = 1e30
