"""Where everything lies: one array of integers for a problem, one for a solution under change.

A compiled function that is handed dozens of arrays compiles slowly and calls slowly, so a problem ``p`` and a
state ``s`` are one int64 array each. Both begin with a header: numbers, then the places where vectors begin.
``s[s[HOP] + i]`` is the entry i of the vector HOP. Tasks are numbered 0 to n - 1; the route in slot r runs from the
node n + 2r to the node n + 2r + 1, its two depots. All amounts are integers.
"""

# The problem's numbers: tasks, vehicles, dimensions of load, close tasks listed for each task; 0: distances from a
# table, 1: from coordinates, as floor(scale * euclid + add); whether distances are a metric; whether time binds;
# whether some tasks are pairs.
N, VEHICLES, DIMENSIONS, NEIGHBOURS, MODE, SYMMETRIC, TIMED, PAIRED = range(8)

# The problem's vectors. By node: service time, window, row in the table. By task: the other half of a pair or -1,
# whether it is the first half, the price of leaving it out, bits of needed skills, load (n x K). By vehicle: bits of
# skills, fixed cost, kind (vehicles of one kind stand together), last vehicle of the kind, capacity (m x K). By task
# and rank: close tasks for insertion, their distances, close tasks by distance alone (n x k; -1 ends a row).
SERVICE, READY, DUE, SITE, MATE, PICKUP, PENALTY, NEED, DEMAND = range(8, 17)
HAS, FIXED, KIND, LAST_OF, CAPACITY, NEAR, NEAR_DISTANCE, AROUND = range(17, 25)
PROBLEM_HEADER = 32

# The state's numbers: cost and best cost; how many tasks are absent, routes used, tasks in this state, routes touched
# in this iteration, stops saved, tasks removed; the change of cost; routes that differ from the best's; iterations;
# improvements, vehicles of the best, vehicles allowed; the parameters of the search, chances in 1 / 2**32.
COST, BEST, ABSENT, USED, HERE, TOUCHED, SAVED, REMOVED, CHANGE, DIRTY, ITERATION = range(11)
IMPROVED, BEST_USED, ALLOWED, RANDOM, MEAN_REMOVED, LONGEST, SPLIT, DEEPER, BLINK = range(11, 20)

# The state's vectors. By node: the next and the previous one, the distance to the next, the route or -1, the earliest
# and latest start of service, what is on board behind it (nodes x K).
FOLLOWING, PREVIOUS, HOP, ROUTE, EARLIEST, LATEST, CARRIED, BEST_FOLLOWING = range(20, 28)
# By route: load (m x K), stops, the iteration that touched it last, whether it differs from the best's, an empty
# vehicle of a kind, whether it may be used. By task: how often it was left out.
LOAD, SIZE, TOUCHED_AT, IS_DIRTY, EMPTY, IS_ALLOWED, COUNTERS = range(28, 35)
# Lists.
TASKS, ABSENT_TASKS, REMOVED_TASKS, KEYS, TOUCHED_ROUTES, SAVED_TASKS, SAVED_HOP = range(35, 42)
SAVED_FROM, SAVED_START, SAVED_ABSENT, BEST_ABSENT, DIRTY_ROUTES = range(42, 47)
# A plan in force: how many tasks have left the vehicle they had, and how many may (-1: any); by task: that vehicle's slot
# or -1, whether it was left.
MOVED, LIMIT, HOME, IS_MOVED = range(47, 51)
# Tasks around which every second ruin begins: how many, and which.
FOCUSED, FOCUS = range(51, 53)
# What a task that leaves its vehicle adds to the cost when a change is judged: few moves are left for the best ones.
MOVE_PRICE = 53
# Guided ejection: how many tasks wait outside their routes, and which (the last one is next); where a place was found: the
# nodes behind which the task and its delivery would stand, the route; ejections since a vehicle was given up, iterations
# that were mere shaking.
POOLED, POOL, BEFORE_FIRST, BEFORE_SECOND, PLACE_ROUTE, EJECTIONS, SHAKEN = range(54, 61)
# One route laid out, by position: node, its head (the pickup of a pair, or the task itself; -1: a depot), time to the next
# one; times to and from the task that is to be put in, to and from its delivery; what a route's heads cost when they
# leave, in the order of RANKED. By task: whether it leaves.
LINE, HEAD_OF, GAP, TO_FIRST, FROM_FIRST, TO_SECOND, FROM_SECOND, PRICES, GONE = range(61, 70)
# What is kept of it: positions, time to the next one kept, earliest and latest start, load on board (positions x K).
KEPT, KEPT_GAP, EARLY, LATE, ON_BOARD = range(70, 75)
# When the nodes of the saved routes could be served: earliest and latest of each stop, and of the two depots.
SAVED_EARLIEST, SAVED_LATEST, SAVED_TIMES = range(75, 78)
# Where windows bind, chances in 1 / 2**32 of an iteration that may open a route, and of one that removes a route as a whole;
# whether the next task may go into an idle vehicle as if the way there were a gift.
OPENING, CLOSING, OFFERED = 78, 79, 80
# Routes looked at: a number that grows by each look, and by route the number of the last look.
LOOK, LOOKED_AT = 81, 82
# Heads that leave a route for another one: how many, and which; a route's heads by price; how many sets were tried; by level
# of the search, who is tried and who may be.
LEAVING, LEAVERS, RANKED, TESTS, LEVELS = range(83, 88)
STATE_HEADER = 96
