"""Where everything lies in the local search of the population.

Nodes 1 to n are the tasks; the route in slot r runs from the node n + 1 + 2r to the node n + 2 + 2r, which both stand
at place 0, the depot. All lengths are integers in units that leave room for fine penalties.
"""

# Columns of a node's row, one cache line: its neighbours on the route, the route, its rank there, the load on board
# behind it, its own load, its row in the table of distances, and the move at which its neighbourhood was last tried.
NEXT, PREVIOUS, ROUTE, RANK, CUMULATED, AMOUNT, PLACE, TRIED = range(8)
NODE_COLUMNS = 8

# Columns of a route's row: load, stops, the move that changed it last, the move at which its swaps were last tried, the
# angle at which its sector of the circle begins, and how wide that is.
LOAD, SIZE, CHANGED, SWAPPED, BEGINS, WIDE = range(6)
ROUTE_COLUMNS = 8
TURN = 1 << 16
"""A full circle."""

# Numbers of the local search: tasks, route slots, capacity, price of a unit too much, moves made, state of the random
# numbers, close tasks a task is tried with.
TASKS, SLOTS, CAPACITY, PENALTY, MOVES, RANDOM, CLOSE = range(7)

# Numbers of the population: individuals that can be kept, how many survive, children before they are thinned out,
# iterations, iterations since the last better one, natural children and feasible ones since the penalty was changed,
# the best cost, how often the best was improved, individuals that are alive, restarts, random ones still to be made.
PLACES, FEWEST, CHILDREN, ITERATIONS, IDLE, COUNTED, HELD, BEST, IMPROVED, ALIVE, RESTARTS, WAITING = range(16, 28)
NUMBERS = 32

# Columns of an individual: 0 free, 1 feasible, 2 not; length; load too much; rank by cost and diversity in 1 / 2**20.
KIND, LENGTH, EXCESS, FITNESS = range(4)
FREE, FEASIBLE, INFEASIBLE = range(3)
