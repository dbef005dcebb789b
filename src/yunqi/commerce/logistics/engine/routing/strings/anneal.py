"""The search: ruin, recreate, accept by temperature; or empty one vehicle after another. Every function is compiled."""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.layout import (
    ABSENT,
    ABSENT_TASKS,
    ALLOWED,
    BEST,
    BEST_ABSENT,
    BEST_FOLLOWING,
    BEST_USED,
    CHANGE,
    COST,
    COUNTERS,
    DIRTY,
    DIRTY_ROUTES,
    EJECTIONS,
    EMPTY,
    FOLLOWING,
    HERE,
    HOME,
    IMPROVED,
    IS_ALLOWED,
    IS_DIRTY,
    IS_MOVED,
    ITERATION,
    KIND,
    LIMIT,
    MATE,
    MOVED,
    PENALTY,
    PICKUP,
    POOLED,
    REMOVED,
    REMOVED_TASKS,
    ROUTE,
    SAVED,
    SAVED_ABSENT,
    SIZE,
    TASKS,
    TOUCHED,
    TOUCHED_ROUTES,
    USED,
    VEHICLES,
    N,
)
from yunqi.commerce.logistics.engine.routing.strings.links import (
    clear,
    link,
    put_back,
    schedule,
    touch,
    uniform,
    unlink,
)
from yunqi.commerce.logistics.engine.routing.strings.recreate import recreate
from yunqi.commerce.logistics.engine.routing.strings.ruin import ruin


@njit(cache=True, nogil=True)
def load(p: Ints, table: Matrix, xy: Floats, s: Ints, stops: Ints, starts: Ints, slots: Ints, missing: Ints) -> None:
    """Fill a state with routes (``stops[starts[k]:starts[k + 1]]`` in slot ``slots[k]``) and absent tasks."""
    for i in range(p[N] + 2 * p[VEHICLES]):
        s[s[ROUTE] + i] = -1
    for r in range(p[VEHICLES]):
        clear(p, table, xy, s, r)
    for k in range(COST, ITERATION):
        s[k] = 0
    for kind in range(p[VEHICLES]):
        s[s[EMPTY] + kind] = 0
    for r in range(p[VEHICLES] - 1, -1, -1):
        s[s[EMPTY] + p[p[KIND] + r]] = r
    count = 0
    for at in range(len(slots)):
        r = slots[at]
        before = p[N] + 2 * r
        for k in range(starts[at], starts[at + 1]):
            link(p, table, xy, s, stops[k], before, r)
            before = stops[k]
            s[s[TASKS] + count] = before
            count += 1
        schedule(p, table, xy, s, r)
    for a in range(len(missing)):
        c = missing[a]
        s[s[ABSENT_TASKS] + a] = c
        s[s[TASKS] + count] = c
        count += 1
        s[CHANGE] += p[p[PENALTY] + c]
    s[POOLED] = 0
    s[EJECTIONS] = 0
    s[MOVED] = 0
    for c in range(p[N]):
        s[s[IS_MOVED] + c] = is_away(s, c)
        s[MOVED] += s[s[IS_MOVED] + c]
    s[ABSENT] = len(missing)
    s[HERE] = count
    s[COST] = s[CHANGE]
    s[ALLOWED] = count_allowed(p, s)
    for r in range(p[VEHICLES]):
        s[s[DIRTY_ROUTES] + r] = r
        s[s[IS_DIRTY] + r] = 1
    s[DIRTY] = p[VEHICLES]
    keep(p, table, xy, s)


@njit(cache=True, nogil=True)
def is_away(s: Ints, c: int) -> int:
    """Return 1 for a task that is served by another vehicle than in the plan in force."""
    home, r = s[s[HOME] + c], s[s[ROUTE] + c]
    return 1 if home >= 0 and r >= 0 and r != home else 0


@njit(cache=True, nogil=True)
def more_moves(s: Ints) -> int:
    """Return how many tasks more are away from their vehicles after this iteration than before."""
    more = 0
    for a in range(s[REMOVED]):
        c = s[s[REMOVED_TASKS] + a]
        more += is_away(s, c) - s[s[IS_MOVED] + c]
    return more


@njit(cache=True, nogil=True)
def note_moves(s: Ints) -> None:
    """Count who has left its vehicle in this iteration."""
    for a in range(s[REMOVED]):
        c = s[s[REMOVED_TASKS] + a]
        away = is_away(s, c)
        s[MOVED] += away - s[s[IS_MOVED] + c]
        s[s[IS_MOVED] + c] = away


@njit(cache=True, nogil=True)
def count_allowed(p: Ints, s: Ints) -> int:
    """Return how many vehicles may be used."""
    total = 0
    for r in range(p[VEHICLES]):
        total += s[s[IS_ALLOWED] + r]
    return total


@njit(cache=True, nogil=True)
def keep(p: Ints, table: Matrix, xy: Floats, s: Ints) -> None:
    """Keep the current solution as the best."""
    for at in range(s[DIRTY]):
        r = s[s[DIRTY_ROUTES] + at]
        s[s[IS_DIRTY] + r] = 0
        i = p[N] + 2 * r
        end = i + 1
        while i != end:
            s[s[BEST_FOLLOWING] + i] = s[s[FOLLOWING] + i]
            i = s[s[FOLLOWING] + i]
    s[DIRTY] = 0
    s[s[BEST_ABSENT] + 0] = s[ABSENT]
    for a in range(s[ABSENT]):
        s[s[BEST_ABSENT] + a + 1] = s[s[ABSENT_TASKS] + a]
    s[BEST] = s[COST]
    s[IMPROVED] += 1
    s[BEST_USED] = s[USED]


@njit(cache=True, nogil=True)
def begin(s: Ints) -> None:
    """Open an iteration: nothing touched, the absent tasks noted."""
    s[ITERATION] += 1
    s[TOUCHED] = 0
    s[SAVED] = 0
    s[CHANGE] = 0
    s[s[SAVED_ABSENT] + 0] = s[ABSENT]
    for a in range(s[ABSENT]):
        s[s[SAVED_ABSENT] + a + 1] = s[s[ABSENT_TASKS] + a]


@njit(cache=True, nogil=True)
def mark(s: Ints) -> None:
    """Note that the touched routes differ from the best's."""
    for t in range(s[TOUCHED]):
        r = s[s[TOUCHED_ROUTES] + t]
        if not s[s[IS_DIRTY] + r]:
            s[s[IS_DIRTY] + r] = 1
            s[s[DIRTY_ROUTES] + s[DIRTY]] = r
            s[DIRTY] += 1


@njit(cache=True, nogil=True)
def anneal(p: Ints, table: Matrix, xy: Floats, s: Ints, iterations: int, hot: float, cold: float) -> None:
    """Search for a number of iterations while the temperature falls from ``hot`` to ``cold``."""
    factor = (cold / hot) ** (1.0 / max(iterations, 1))
    temperature = hot
    for _ in range(iterations):
        begin(s)
        cost, used = s[COST], s[USED]
        slack = -temperature * np.log(uniform(s) + 1e-12)
        ruin(p, table, xy, s)
        close = recreate(p, table, xy, s, slack)
        changed = cost + s[CHANGE]
        more = more_moves(s) if close and s[LIMIT] >= 0 else 0
        if close and (more <= 0 or s[MOVED] + more <= s[LIMIT]):
            s[COST] = changed
            if s[LIMIT] >= 0:
                note_moves(s)
            mark(s)
            if changed < s[BEST]:
                keep(p, table, xy, s)
        else:
            put_back(p, table, xy, s, cost, used)
        temperature *= factor


@njit(cache=True, nogil=True)
def absence(s: Ints, count: int, first: int) -> int:
    """Return how often the absent tasks have been left out so far."""
    total = 0
    for a in range(count):
        total += 1 + s[s[COUNTERS] + s[first + a]]
    return total


@njit(cache=True, nogil=True)
def fewer(p: Ints, table: Matrix, xy: Floats, s: Ints, iterations: int, target: int, temperature: float) -> None:
    """Search with one vehicle less at a time, preferring to leave out what was easy to serve, until ``target`` is reached."""
    for _ in range(iterations):
        if s[ABSENT] == 0:
            if s[USED] <= target:
                return
            give_up_route(p, table, xy, s)
        begin(s)
        cost, used, gone = s[COST], s[USED], s[ABSENT]
        was = absence(s, gone, s[SAVED_ABSENT] + 1)
        ruin(p, table, xy, s)
        recreate(p, table, xy, s, np.inf)
        now = absence(s, s[ABSENT], s[ABSENT_TASKS])
        for a in range(s[ABSENT]):
            s[s[COUNTERS] + s[s[ABSENT_TASKS] + a]] += 1
        changed = cost + s[CHANGE]
        lengths = changed - cost - (s[ABSENT] - gone) * p[p[PENALTY] + 0]
        close = lengths < -temperature * np.log(uniform(s) + 1e-12)
        if now < was or (s[ABSENT] <= gone and close):
            s[COST] = changed
            mark(s)
            if s[ABSENT] == 0:
                keep(p, table, xy, s)
        else:
            put_back(p, table, xy, s, cost, used)


@njit(cache=True, nogil=True)
def give_up_route(p: Ints, table: Matrix, xy: Floats, s: Ints) -> None:
    """Take the vehicle away whose tasks were left out least often so far."""
    lowest, victim = np.int64(1) << 60, -1
    for r in range(p[VEHICLES]):
        if s[s[SIZE] + r] == 0:
            s[s[IS_ALLOWED] + r] = 0
            continue
        total = 0
        i = s[s[FOLLOWING] + p[N] + 2 * r]
        while i < p[N]:
            total += s[s[COUNTERS] + i]
            i = s[s[FOLLOWING] + i]
        if total < lowest:
            lowest, victim = total, r
    begin(s)
    touch(p, table, xy, s, victim)
    s[s[IS_ALLOWED] + victim] = 0
    s[ALLOWED] = count_allowed(p, s)
    i = s[s[FOLLOWING] + p[N] + 2 * victim]
    while i < p[N]:
        following = s[s[FOLLOWING] + i]
        unlink(p, table, xy, s, i)
        if p[p[MATE] + i] < 0 or p[p[PICKUP] + i]:
            s[s[ABSENT_TASKS] + s[ABSENT]] = i
            s[ABSENT] += 1
            s[CHANGE] += p[p[PENALTY] + i]
        i = following
    schedule(p, table, xy, s, victim)
    s[COST] += s[CHANGE]
    mark(s)
