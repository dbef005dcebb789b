"""Where everything stands in the rich engine's flat arrays: compiled functions pass few arrays, as each one costs.

A problem is ``p`` (integers), ``prices`` (numbers) and ``table`` (distances and times between places); what one thread
works on is ``s`` (integers), ``f`` (numbers) and ``c`` (the clock of a simulated day, see `day`).
"""

# Tasks: a row of columns each.
PLACE, KIND, SERVICE, PARTNER, GROUP, PIN, PENALTY, MAX_RIDE, NEED, FIRST_WINDOW, WINDOWS, FIRST_AFTER, AFTERS = range(
    13
)
WATCHED, LEVEL, LOCKED = range(13, 16)
TASK_COLUMNS = 16
DELIVERY, PICKUP, SHIP_PICKUP, SHIP_DELIVERY, SERVICE_ONLY = range(5)

# Vehicles: a row of columns each.
START, END, OPENS, CLOSES, FIXED, MAX_DISTANCE, MAX_TIME, MAX_TASKS, DRIVE_LIMIT, DRIVE_PAUSE = range(10)
RELOADS, RANGE, CHARGE_TIME, HAS, PREFIX, FIRST_BREAK, BREAKS, FIRST_CHARGER, CHARGERS, LIKE = range(10, 20)
VEHICLE_COLUMNS = 20

# The header of ``p``: numbers of tasks, vehicles, dimensions, steps of the profile, close tasks of each, and the length of
# a row; whether any task has a partner or a predecessor; then where each table begins.
N, M, DIMENSIONS, STEPS, NEAR_COUNT, AROUND_COUNT, WIDTH, LINKED = range(8)
TASK, LOAD, WINDOW, AFTER, VEHICLE, ROOM, BREAK, CHARGER, PROFILE, NEAR, AROUND = range(8, 19)
HEADER = 19

# ``prices``: three of each vehicle, then four keys of each task by which it may be sorted.
PER_DISTANCE, PER_TIME, FAIRNESS = range(3)
PRICE_COLUMNS, KEY_ROWS = 3, 4

# The header of ``s``: tasks absent, iterations, tasks away from the vehicle of a plan in force, touched rows, the last
# stamp, and tasks of this thread; then where each list begins (the last: of each vehicle and dimension what its deliveries
# and its pickups weigh).
ABSENT, DONE, MOVED, TOUCHED, STAMP, OWN_COUNT = range(6)
ROWS, LENGTHS, WHERE, POSITION, MINE, OWN, HOMES, ABSENTS, BEST_ROWS, BEST_LENGTHS, DIRTY, SAVED, SAVED_LENGTH = range(
    6, 19
)
TOUCHES, WORK, ENDS, MARKS, REMOVED, WAS, STAMPS, AT_ROW, AT_PLACE, CARRIED = range(19, 29)
STATE_HEADER = 29

# ``f``: the cost of this thread's rows and absent tasks, the best of the round, how many places may be listed, then where
# each list begins.
COST, BEST, PLACES, COSTS, SAVED_COSTS, ORDER, PROMISE = range(7)
NUMBER_HEADER = 7

INFEASIBLE = 1e30
