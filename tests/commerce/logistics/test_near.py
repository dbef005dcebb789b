"""Where an insertion looks first, and how routes are opened and closed where windows bind."""

import math

import numpy as np
import pytest

from yunqi.commerce.logistics.engine.routing.strings import anneal, pairs, ruin
from yunqi.commerce.logistics.engine.routing.strings import layout as at
from yunqi.commerce.logistics.engine.routing.strings.arrays import Ints
from yunqi.commerce.logistics.engine.routing.strings.packed import BESIDE, Packed, packed
from yunqi.commerce.logistics.engine.routing.strings.search import Search
from yunqi.commerce.logistics.engine.routing.strings.workers import Found
from yunqi.commerce.logistics.model import Problem, Task, TaskKind, Travel, Vehicle
from yunqi.commerce.logistics.service.routing import prepare

TOWNS, EACH = 14, 6
ALWAYS = 1 << 32


@pytest.fixture(scope="module", autouse=True)
def compiled() -> None:
    prepare()


def towns(load: int, town: int) -> Packed:
    """Return towns around a depot, three pairs and one vehicle each, and a pair more; only the last one's vehicle carries two."""
    places = [[0.0, 0.0]]
    tasks = []
    spots = [(k, 1) for k in range(TOWNS) for _ in range(EACH // 2)] + [(town, load)]
    for number, (place, amount) in enumerate(spots):
        kinds = (TaskKind.SHIPMENT_PICKUP, TaskKind.SHIPMENT_DELIVERY)
        for half, kind in enumerate(kinds):
            angle, far = 2 * math.pi * place / TOWNS, 1000.0 + 7 * (number % 4) + 3 * half
            places.append([far * math.cos(angle), far * math.sin(angle)])
            tasks.append(Task(f"{number}{half}", len(places) - 1, kind, (amount,), partner=f"{number}{1 - half}"))
    fleet = tuple(Vehicle(str(k), 0, 0, (1 if k < TOWNS - 1 else 2,)) for k in range(TOWNS))
    return packed(Problem("towns", tuple(tasks), fleet, Travel("coordinates", xy=np.array(places))))


def put_in_last(arrays: Packed) -> tuple[bool, int]:
    """Put the last pair into the towns' routes; return whether it fits and into which."""
    state = Search(arrays, left=lambda: 1.0, effort=1.0, seed=1, workers=1).workers
    own = state.states[0]
    routes = [(k, list(range(EACH * k, EACH * (k + 1)))) for k in range(TOWNS)]
    state.fill(own, Found(0, routes, []))
    own[at.BLINK] = 0
    anneal.begin(own)
    placed = bool(pairs.insert_pair(*arrays.args, own, EACH * TOWNS))
    return placed, int(own[own[at.ROUTE] + EACH * TOWNS])


def test_a_pair_goes_into_a_route_that_passes_by() -> None:
    assert TOWNS > pairs.FEW
    assert put_in_last(towns(1, 4)) == (True, 4)


def test_a_pair_that_fits_into_no_near_route_goes_wherever_it_fits() -> None:
    assert put_in_last(towns(2, 6)) == (True, TOWNS - 1)


def windows(stops: int) -> Packed:
    """Return stops on a line with wide windows, and four vehicles that could each serve all."""
    tasks = tuple(Task(str(k), k, load=(1,), windows=((0, 10**6),)) for k in range(1, stops + 1))
    places = np.array([[0.0, 0.0], *([10.0 * k, 20.0 * (k % 3)] for k in range(1, stops + 1))])
    fleet = tuple(Vehicle(str(k), 0, 0, (stops,)) for k in range(4))
    return packed(Problem("line", tasks, fleet, Travel("coordinates", xy=places)))


def one_route(arrays: Packed, stops: int) -> Ints:
    workers = Search(arrays, left=lambda: 1.0, effort=1.0, seed=1, workers=1).workers
    state: Ints = workers.states[0]
    workers.fill(state, Found(0, [(0, list(range(stops)))], []))
    state[at.OPENING] = state[at.CLOSING] = 0
    return state


def test_an_iteration_may_open_a_route() -> None:
    arrays = windows(30)
    used = []
    for chance in (0, ALWAYS):
        state = one_route(arrays, 30)
        state[at.OPENING] = chance
        anneal.anneal(*arrays.args, state, 1, 1e12, 1e12)
        used.append(int(state[at.USED]))
    assert used == [1, 2]


def test_an_iteration_may_remove_a_route_that_is_longer_than_every_string() -> None:
    arrays = windows(30)
    removed = []
    for chance in (0, ALWAYS):
        state = one_route(arrays, 30)
        state[at.CLOSING] = chance
        anneal.begin(state)
        ruin.ruin(*arrays.args, state)
        removed.append(int(state[at.REMOVED]))
    assert removed[0] <= 10
    assert removed[1] == 30


def test_insertions_look_beside_fewer_tasks_than_ruins_where_windows_bind() -> None:
    p = windows(60).p
    width = int(p[at.NEIGHBOURS])
    assert width == 59
    near = p[p[at.NEAR] : p[at.NEAR] + 60 * width].reshape(60, width)
    around = p[p[at.AROUND] : p[at.AROUND] + 60 * width].reshape(60, width)
    assert (near[:, :BESIDE] == around[:, :BESIDE]).all()
    assert (near[:, BESIDE:] == -1).all()
    assert (around >= 0).all()
