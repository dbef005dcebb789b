"""The phase for fewer vehicles: every thread tries to do without one more, in different manners."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from yunqi.commerce.logistics.engine.routing.strings import anneal as compiled
from yunqi.commerce.logistics.engine.routing.strings import eject
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints
from yunqi.commerce.logistics.engine.routing.strings.packed import A_VEHICLE, REQUIRED
from yunqi.commerce.logistics.engine.routing.strings.workers import Found, Workers

FLEET_MOST, LONG_MOST = 0.65, 0.85
"""Share of the budget that the search for fewer vehicles may take at most; the second beyond `SMALL` tasks."""
FLEET_IDLE, LONG_IDLE = 0.3, 0.6
"""Share of the budget after which it ends when it has found nothing more; the second beyond `SMALL` tasks."""
FLEET_PATIENCE = 3.0
"""It also goes on as long as this many times what its last success took."""
EJECTED = 2
"""Pairs that leave a route for another one, at most, where so few do; single tasks: one more."""
HOT, MILD, COLD, ABSENCE = (100, 1.0), (100, 0.3), (400, 0.1), None
"""Manners to look for fewer vehicles: ejections with so many random moves after each, at a temperature in mean ways between
two stops; or strings with absence counters (None), which are quick on small problems of compact clusters."""
SMALL = 200
"""Tasks up to which absence counters take their turn."""
QUICK = 0.1
"""Share of the budget within which the fewest vehicles must have been found to try other ways to the same number."""
TURNS, ANEW = 4, 0.75
"""How many such ways each thread tries, and the share of what is left of the budget that they take: where vehicles are few,
one plan does not lead to another by small changes."""
WARMER, WARM_END = 3.0, 10.0
"""How much hotter than the one search these are annealed, at their start and at their end: full vehicles leave few ways out,
and the search that goes on with the best of them cools it down."""
STEPS = 20
"""Ejections between two looks at the clock."""
ATTEMPT, LONG_ATTEMPT = 10, 40
"""Iterations for each task after which a thread begins again in the next manner, twice as many the next time; the second
beyond `SMALL` tasks."""
ASTRAY = 1.0
"""Iterations for each task without a smaller pool after which a hot attempt returns to where the fewest tasks waited; beyond
`SMALL` tasks. What has failed how often is remembered: left alone, the pool grows and routes that were good are lost. The
others go on: neither is better everywhere."""
CHUNK = 200
"""Iterations of annealing between two looks at the clock."""
LASTING = [at.ITERATION, at.IMPROVED, at.RANDOM, at.EJECTIONS, at.SHAKEN]
"""Numbers of a state that never go back."""


@dataclass(slots=True)
class Attempt:
    """What one thread tries in order to save a vehicle.

    Parameters
    ----------
    manner
        Which of the manners, counted on from one attempt to the next.
    limit
        Iterations until the next attempt.
    spent
        Iterations so far.
    fewest
        Tasks that waited in the pool, at least.
    since
        Iterations since then.
    kept
        The state of that time.
    """

    manner: int
    limit: int
    spent: int = 0
    fewest: int = 1 << 62
    since: int = 0
    kept: Ints | None = None

    def follow(self, state: Ints, steps: int, *, tasks: int, patience: int) -> None:
        """Keep the state when as few tasks wait as ever; bring it back when that was long ago."""
        self.since += steps
        if int(state[at.POOLED]) <= self.fewest:
            self.fewest, self.since, self.kept = int(state[at.POOLED]), 0, state.copy()
        elif self.kept is not None and self.since > patience:
            first = int(state[at.COUNTERS])
            failed, numbers = state[first : first + tasks].copy(), state[LASTING].copy()
            state[:] = self.kept
            state[first : first + len(failed)], state[LASTING] = failed, numbers
            self.since = 0


class Fleet:
    """The search for as few vehicles as possible.

    Parameters
    ----------
    workers
        The threads' states.
    best
        Returns the best solution so far.
    take
        Is handed each solution that may be a better one.
    """

    def __init__(self, workers: Workers, best: Callable[[], Found], take: Callable[[Found], None]) -> None:
        self.workers = workers
        self.best = best
        self.take = take
        self.fewest = self._least_vehicles()
        self.attempts: list[Attempt] = []

    def drop(self, current: Found) -> bool:
        """Give up one vehicle after another, each thread in its own way; return whether that was quick."""
        begun = last = self.workers.left()
        hop = max(1.0, (current.cost % A_VEHICLE) / max(1, self.workers.n - len(current.absent) + len(current.routes)))
        length = (ATTEMPT if self.workers.n <= SMALL else LONG_ATTEMPT) * self.workers.n
        share, idle = (FLEET_MOST, FLEET_IDLE) if self.workers.n <= SMALL else (LONG_MOST, LONG_IDLE)
        longest = idle * begun
        self.attempts = [Attempt(k, length) for k in range(len(self.workers.states))]
        for state in self.workers.states:
            self.workers.fill(state, current)
        with ThreadPoolExecutor(len(self.workers.states)) as threads:
            while len(self.best().routes) > self.fewest or self.best().absent:
                until = max(begun * (1 - share), last - max(longest, FLEET_PATIENCE * (begun - last)))
                if self.workers.left() <= until:
                    break
                before = self.workers.work()
                # By the clock, a thread with slow iterations keeps no other one waiting: each goes on until any succeeds.
                quota = self.workers.quota(20 * STEPS if self.workers.counted is not None else 1 << 40)
                known = self._improvements()
                jobs = [threads.submit(self._one, k, hop, quota, until, known) for k in range(len(self.workers.states))]
                for job in jobs:
                    job.result()
                found = min(
                    (self.workers.read(state, best=True) for state in self.workers.states), key=lambda one: one.cost
                )
                if self.workers.work() == before:  # nothing is left to give up
                    break
                if found.cost >= self.best().cost:
                    continue
                self.take(found)
                last = self.workers.left()
                self.attempts = [Attempt(one.manner, length) for one in self.attempts]
                for state in self.workers.states:
                    if int(state[at.BEST]) > found.cost + A_VEHICLE // 2:
                        self.workers.fill(state, found)
        return self.workers.n <= SMALL and not self.best().absent and begun - last <= QUICK * begun

    def anew(self, hot: float, cold: float, remember: Callable[[Found], None]) -> None:
        """Plan from nothing several times with as few vehicles, and hand in what comes of it.

        Parameters
        ----------
        hot, cold
            Temperatures of the search that goes on with the best of these plans.
        remember
            Gets each plan.
        """
        begun = self.workers.left()
        with ThreadPoolExecutor(len(self.workers.states)) as threads:
            for turn in range(TURNS):
                until = begun * (1 - ANEW * (turn + 1) / TURNS)
                if self.workers.left() <= until:
                    break
                quota = self.workers.quota(
                    int((self.workers.left() - until) * (self.workers.counted or 0) / len(self.workers.states))
                )
                jobs = [threads.submit(self._once, k, hot, cold, quota, until) for k in range(len(self.workers.states))]
                for found in [job.result() for job in jobs]:
                    self.take(found)
                    remember(found)

    def _once(self, thread: int, hot: float, cold: float, quota: int, until: float) -> Found:
        """Construct a plan, bring it to as few vehicles as the best has, and anneal it; iterations count where they must."""
        state, args, fleet = self.workers.states[thread], self.workers.arrays.args, len(self.best().routes)
        begun, first = self.workers.left(), self.workers.own(state)

        def done() -> float:
            if self.workers.counted is not None:
                return (self.workers.own(state) - first) / max(1, quota)
            return (begun - self.workers.left()) / max(1e-9, begun - until)

        self.workers.fill(state, Found(0, [], self.workers.heads().tolist()))
        compiled.anneal(*args, state, 1, 1.0, 1.0)
        most = EJECTED if self.workers.arrays.p[at.PAIRED] else EJECTED + 1
        while done() < 0.5 and (int(state[at.BEST_USED]) > fleet or int(state[at.POOLED]) or int(state[at.ABSENT])):
            eject.eject(*args, state, STEPS, fleet, most, HOT[0], HOT[1] * hot)
        found = self.workers.read(state, best=True)
        self.workers.fill(state, found if len(found.routes) <= fleet and not found.absent else self.best())
        warm = done()
        hot, cold = WARMER * hot, WARM_END * cold
        while (share := done()) < 1:
            level = hot * (cold / hot) ** ((share - warm) / (1 - warm))
            compiled.anneal(
                *args,
                state,
                CHUNK if self.workers.counted is None else max(1, min(CHUNK, quota - self.workers.own(state) + first)),
                level,
                level,
            )
        return self.workers.read(state, best=True)

    def _improvements(self) -> int:
        return sum(int(state[at.IMPROVED]) for state in self.workers.states)

    def _one(self, thread: int, hop: float, quota: int, until: float, known: int) -> None:
        """Look for fewer vehicles in the thread's present manner until it has found some or its iterations are spent."""
        state, args = self.workers.states[thread], self.workers.arrays.args
        most = EJECTED if self.workers.arrays.p[at.PAIRED] else EJECTED + 1
        manners = (HOT, ABSENCE, COLD) if self.workers.n <= SMALL else (HOT, MILD)
        better, mine = int(state[at.IMPROVED]), self.attempts[thread]
        while quota > 0 and not self.workers.is_over(until) and int(state[at.IMPROVED]) == better:
            if self.workers.counted is None and self._improvements() != known:  # another thread has found some
                break
            manner, steps, before = manners[mine.manner % len(manners)], min(STEPS, quota), self.workers.own(state)
            if manner is None:
                compiled.fewer(*args, state, steps, self.fewest, max(1.0, 0.1 * hop))
            else:
                eject.eject(*args, state, steps, self.fewest, most, manner[0], manner[1] * hop)
            if self.workers.own(state) == before:  # nothing is left to give up
                break
            quota -= steps
            mine.spent += steps
            if manner is HOT and self.workers.n > SMALL and int(state[at.IMPROVED]) == better:
                mine.follow(state, steps, tasks=self.workers.n, patience=int(ASTRAY * self.workers.n))
            if mine.spent > mine.limit and int(state[at.IMPROVED]) == better:
                self.attempts[thread] = mine = Attempt(mine.manner + 1, 2 * mine.limit)
                self.workers.fill(state, self.best())
        if int(state[at.IMPROVED]) != better:
            mine.fewest, mine.kept = 1 << 62, None

    def _least_vehicles(self) -> int:
        """Return how many vehicles the load needs at least."""
        p, n = self.workers.arrays.p, self.workers.n
        m, dimensions = int(p[at.VEHICLES]), int(p[at.DIMENSIONS])
        if p[at.PAIRED] or not n or (self.workers.vector(at.PENALTY) < REQUIRED).any():
            return 1
        load = p[p[at.DEMAND] : p[at.DEMAND] + n * dimensions].reshape(n, dimensions).sum(0)
        room = p[p[at.CAPACITY] : p[at.CAPACITY] + m * dimensions].reshape(m, dimensions).max(0)
        return max(1, *(-(-int(a) // int(b)) for a, b in zip(load, room, strict=True) if b > 0), 1)
