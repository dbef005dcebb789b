"""The warehouse floor: batches, places and refills against brute force, and bad rows refused by name."""

import functools
import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from yunqi.commerce.logistics import (
    Batching,
    BatchProblem,
    Block,
    Floor,
    Location,
    LogisticsConfig,
    Lot,
    PickFace,
    PickOrder,
    PickWave,
    Product,
    RefillProblem,
    SlotProblem,
    Walk,
    ZoneProblem,
    generated_zones,
)
from yunqi.commerce.logistics.engine.warehouse import batching, refill, slotting, zoning
from yunqi.commerce.logistics.engine.warehouse.picking import least_metres
from yunqi.commerce.logistics.service.plain_floor import batching_document
from yunqi.kernel import Invalid

FLOOR = Floor(LogisticsConfig())
BLOCK = Block(4, 20.0, 5.0)


def steps(calls: int) -> Callable[[], float]:
    count = itertools.count()
    return lambda: next(count) / calls


def orders(count: int, seed: int, lines: int = 4) -> tuple[PickOrder, ...]:
    chance = random.Random(seed)
    found = []
    for number in range(count):
        size = chance.randint(1, lines)
        picks = tuple((chance.randrange(BLOCK.aisles), round(chance.uniform(0, 20), 1)) for _ in range(size))
        found.append(PickOrder(f"o{number}", picks, size))
    return tuple(found)


def partitions(rest: list[int]) -> Iterator[list[list[int]]]:
    if not rest:
        yield []
        return
    for found in partitions(rest[1:]):
        yield [[rest[0]], *found]
        for at in range(len(found)):
            yield [*found[:at], [rest[0], *found[at]], *found[at + 1 :]]


@pytest.mark.parametrize("seed", range(4))
def test_the_batching_of_six_orders_is_the_best_of_all_partitions(seed: int) -> None:
    problem = BatchProblem(BLOCK, orders(6, seed), 7)

    def metres(some: list[int]) -> float:
        return least_metres(BLOCK, [pick for at in some for pick in problem.orders[at].picks])

    best = min(
        sum(map(metres, found))
        for found in partitions(list(range(6)))
        if all(sum(problem.orders[at].load for at in some) <= 7 for some in found)
    )
    found = batching.batch_orders(problem, used=steps(4))
    assert found.metres == pytest.approx(best)
    assert found.bound <= best + 1e-9
    assert batching.violations(problem, found) == []


@pytest.mark.parametrize("walk", list(Walk))
def test_batches_beat_first_come_and_are_no_worse_than_savings(walk: Walk) -> None:
    problem = BatchProblem(BLOCK, orders(60, 9), 12, walk)
    found = batching.batch_orders(problem, used=steps(10))
    assert found.bound < found.metres <= found.savings < found.first_come
    assert batching.violations(problem, found) == []
    again = batching.batch_orders(problem, used=steps(10))
    assert again == found  # the same problem, seed and moves give the same answer


def test_the_checker_of_batches_sees_what_is_broken() -> None:
    problem = BatchProblem(BLOCK, orders(5, 1), 20)
    found = batching.batch_orders(problem, used=steps(2))
    lost = Batching(found.batches[1:], found.metres, 0, 0, 0)
    assert "exactly one batch" in batching.violations(problem, lost)[0]
    smaller = BatchProblem(BLOCK, problem.orders, max(order.load for order in problem.orders))
    assert any("on a cart for" in one for one in batching.violations(smaller, found))


def slots(**changes: Any) -> SlotProblem:
    places = tuple(Location(f"l{at}", at % 3, float(2 + 5 * (at // 3)), 5_000 if at % 2 else 20_000) for at in range(6))
    products = tuple(Product(f"p{at}", 9_000 if at == 0 else 1_000, 10, 1.0) for at in range(5))
    chance = random.Random(3)
    history = tuple(tuple(f"p{at}" for at in chance.sample(range(5), 2)) for _ in range(40))
    values: dict[str, Any] = {"current": {}, "held_out": 0.25} | changes
    return SlotProblem(Block(3, 15.0, 4.0), places, products, history, **values)


def test_the_placement_of_five_products_is_the_best_of_all() -> None:
    problem = slots()
    learned = problem.orders[:30]

    @functools.cache
    def walk(*picks: tuple[int, float]) -> float:
        return least_metres(problem.block, picks)

    def mean(places: dict[str, Location]) -> float:
        walks = [walk(*((places[one].aisle, places[one].at) for one in order)) for order in learned]
        return sum(walks) / len(walks)

    names = [product.id for product in problem.products]
    best = min(
        mean(dict(zip(names, chosen, strict=True)))
        for chosen in itertools.permutations(problem.locations, 5)
        if chosen[0].most_g >= 9_000
    )
    found = slotting.slot(problem, used=steps(40))
    assert found.learned == pytest.approx(best)
    assert found.learned <= found.peer_learned
    assert slotting.violations(problem, found) == []


def test_a_pinned_product_stays_and_moves_are_told() -> None:
    current = {f"p{at}": f"l{5 - at}" if at else "l0" for at in range(5)}
    problem = slots(current=current, pinned=frozenset({"p4"}))
    found = slotting.slot(problem, used=steps(20))
    assert found.places["p4"] == "l1"
    assert set(found.moves) == {name for name, place in found.places.items() if place != current[name]}
    assert found.today_held_out is not None
    assert slotting.violations(problem, found) == []


def test_a_product_that_fits_nowhere_is_named() -> None:
    problem = slots()
    heavy = SlotProblem(
        problem.block, problem.locations, (*problem.products[:4], Product("anvil", 50_000)),
        (("anvil",),), {}
    )  # fmt: skip
    with pytest.raises(Invalid, match="product anvil: no free location"):
        slotting.slot(heavy, used=steps(1))
    three = (Product("a", 9_000), Product("b", 9_000), Product("c", 9_000), Product("d", 9_000))
    with pytest.raises(Invalid, match="all locations that take it are needed"):
        slotting.slot(SlotProblem(problem.block, problem.locations, three, (("a",),), {}), used=steps(1))


def test_refills_come_before_the_wave_that_needs_them() -> None:
    problem = RefillProblem(
        faces=(PickFace("a", 5, 4, 20, 6), PickFace("b", 9, 2, 10)),
        lots=(Lot("late", "a", 12, rank=2), Lot("soon", "a", 4, rank=1), Lot("b1", "b", 30)),
        waves=(PickWave("w1", 60, {"a": 10, "b": 3}), PickWave("w2", 120, {"a": 8, "b": 5})),
        minutes=10,
        workers=1,
    )
    plan = refill.refill(problem)
    # w1 needs 10 of a and 5 lie there: two cases of 6 fit below 20; the lot that expires first goes first.
    assert [(task.product, task.lot, task.units, task.wave, task.urgent) for task in plan.tasks] == [
        ("a", "soon", 4, "w1", True), ("a", "late", 8, "w1", True), ("a", "late", 4, "w2", True), ("b", "b1", 9, "", False),
    ]  # fmt: skip
    assert [(task.due, task.start, task.end) for task in plan.tasks] == [(60, 0, 10), (60, 10, 20), (120, 20, 30), (120, 30, 40)]  # fmt: skip
    assert plan.short == ()
    assert plan.latest == 0
    assert refill.violations(problem, plan) == []


def test_a_shortage_and_lateness_are_told() -> None:
    problem = RefillProblem((PickFace("a", 1, 0, 9),), (Lot("l", "a", 3),), (PickWave("w", 5, {"a": 6}),), 10, 2)
    plan = refill.refill(problem)
    assert plan.short == (("w", "a", 2),)
    assert plan.latest == 5
    assert refill.violations(problem, plan) == []


@pytest.mark.parametrize("seed", range(20))
def test_random_refill_plans_keep_every_rule(seed: int) -> None:
    chance = random.Random(seed)
    names = ["a", "b", "c"]
    faces = tuple(PickFace(one, chance.randint(0, 9), 3, 12, chance.randint(1, 4)) for one in names)
    lots = tuple(
        Lot(f"l{at}", chance.choice(names), chance.randint(1, 20), chance.randint(0, 3)) for at in range(6)
    )  # fmt: skip
    waves = tuple(
        PickWave(f"w{at}", chance.randint(0, 300), {one: chance.randint(0, 15) for one in names}) for at in range(5)
    )
    problem = RefillProblem(faces, lots, waves, 7, chance.randint(1, 3))
    assert refill.violations(problem, refill.refill(problem)) == []


ORDER = {"id": "a", "picks": [[0, 1.0]]}
BATCH = {"block": {"aisles": 2, "length_m": 10, "pitch_m": 2}, "cart": 4, "orders": [ORDER]}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"orders": [ORDER, ORDER]}, "order a stands twice"),
        ({"orders": [{"id": "a", "picks": [[5, 1.0]]}]}, "order a: aisle 5"),
        ({"orders": [{"id": "a", "picks": [[0, float("nan")]]}]}, r"orders\[0\].picks\[0\].metres is nan"),
        ({"orders": [{"id": "a", "picks": [[0, 1.0]], "load": 9}]}, "order a: load 9 is above"),
        ({"orders": [{"id": "a", "picks": [[0, 1.0]], "load": -1}]}, r"orders\[0\].load is -1"),
        ({"orders": [{"id": "a", "pick": []}]}, "did you mean 'picks'"),
        ({"orders": []}, "batches need orders"),
        ({"cart": 0}, "capacity above 0"),
        ({"walk": "zigzag"}, "exact or s_shape"),
        ({"block": {"aisles": 2, "length_m": -1, "pitch_m": 2}}, "block.length_m is -1"),
        ({"block": None}, "block is None"),
    ],
)
def test_a_bad_batching_is_refused_by_its_row(change: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        FLOOR.read_batches(BATCH | change)


SLOT = {
    "block": {"aisles": 1, "length_m": 10, "pitch_m": 2},
    "locations": [{"id": "l", "aisle": 0, "at_m": 1}, {"id": "m", "aisle": 0, "at_m": 2}],
    "products": [{"id": "p"}],
    "orders": [["p"]],
}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"orders": [["q"]]}, r"orders\[0\]: product q is not"),
        ({"locations": SLOT["locations"] * 2}, "location l stands twice"),  # type: ignore[operator]
        ({"products": [{"id": "p", "cube": float("inf")}]}, r"products\[0\].cube is inf"),
        ({"products": [{"id": "p"}, {"id": "q"}, {"id": "r"}]}, "3 products need more than 2"),
        ({"current": {"p": "x"}}, "p at x: no such"),
        ({"pinned": ["p"]}, "has no place in current"),
        ({"current": [1]}, "an object of locations"),
        ({"held_out": 1}, "held-out share"),
        ({"locations": [{"id": "l", "aisle": 0, "at_m": 11}]}, "location l: aisle 0 at 11"),
    ],
)
def test_a_bad_slotting_is_refused_by_its_row(change: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        FLOOR.read_slots(SLOT | change)


FACE = {"product": "p", "on_hand": 1, "most": 5}
REFILL = {"minutes": 5, "faces": [FACE], "lots": [], "waves": []}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"faces": [FACE, FACE]}, "pick face p stands twice"),
        ({"faces": [FACE | {"least": 6}]}, "pick face p: 0 <= least"),
        ({"lots": [{"id": "l", "product": "q", "units": 1}]}, "lot l: product q has no pick face"),
        ({"lots": [{"id": "l", "product": "p", "units": 0}]}, "lot l: units"),
        ({"waves": [{"id": "w", "start_min": 1, "units": {"p": -1}}]}, "wave w: p: units can't be negative"),
        ({"waves": [{"id": "w", "start_min": 1, "units": {"p": float("nan")}}]}, r"waves\[0\].units.p is nan"),
        ({"minutes": 0}, "minutes and workers above 0"),
    ],
)
def test_a_bad_refill_is_refused_by_its_row(change: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        FLOOR.read_refills(REFILL | change)


def test_the_desk_answers_checked_documents() -> None:
    found = batching_document(FLOOR.batch(FLOOR.read_batches(BATCH), seconds=0.05))
    assert found["metres"] == found["bound"] == 2.0
    assert found["batches"] == [{"orders": ["a"], "metres": 2.0, "load": 1}]
    placed = FLOOR.slot(FLOOR.read_slots(SLOT), seconds=0.05)
    assert placed.places == {"p": "l"}
    with pytest.raises(Invalid, match="seconds must be above 0"):
        FLOOR.batch(FLOOR.read_batches(BATCH), seconds=0)


def held(zones: ZoneProblem, cut: tuple[int, ...], orders: tuple[PickOrder, ...]) -> list[float]:
    """Return each picker's seconds where zones begin at aisle 0 and at the cuts, every walk made alone."""
    seconds = []
    for first, end in itertools.pairwise((0, *cut, zones.block.aisles)):
        part, total = Block(end - first, zones.block.length, zones.block.pitch), 0.0
        for order in orders:
            picks = [(aisle - first, at) for aisle, at in order.picks if first <= aisle < end]
            total += least_metres(part, picks) / zones.metres_per_second + len(picks) * zones.seconds_per_pick
        seconds.append(total)
    return seconds


@pytest.mark.parametrize("seed", range(4))
def test_zones_are_the_best_of_all_divisions_on_the_orders_learned_from(seed: int) -> None:
    problem = generated_zones(30, seed=seed, aisles=8, pickers=3)
    found = FLOOR.zone(problem)
    every: dict[tuple[int, ...], list[float]] = {
        cut: held(problem, cut, problem.learned) for cut in itertools.combinations(range(1, problem.block.aisles), 2)
    }
    least = min(max(each) for each in every.values())
    best = [sum(each) for each in every.values() if max(each) <= least + 1e-9]
    assert found.ways[-1].busiest == pytest.approx(least)
    assert found.ways[-1].total == pytest.approx(min(best))
    assert [found.ways[k].busiest for k in range(3)] == sorted((one.busiest for one in found.ways), reverse=True)
    chosen = tuple(one.first for one in found.zones[1:])
    assert found.ways[-1].busiest_held_out == pytest.approx(max(held(problem, chosen, problem.judged)))
    assert [one.seconds for one in found.zones] == pytest.approx(every[chosen])
    assert found.equal >= least - 1e-9


def test_zones_never_see_the_orders_held_out() -> None:
    problem = generated_zones(40, seed=5)
    late = tuple(replace(order, picks=((19, 20.0),)) for order in problem.judged)
    other = FLOOR.zone(replace(problem, orders=(*problem.learned, *late)))
    assert other.zones == FLOOR.zone(problem).zones
    assert other.ways[-1].busiest_held_out > FLOOR.zone(problem).ways[-1].busiest_held_out


def test_the_checker_sees_zones_that_overlap_or_are_too_quick() -> None:
    problem = generated_zones(20, seed=6, aisles=6, pickers=2)
    found = FLOOR.zone(problem)
    first, second = found.zones
    assert zoning.violations(problem, found) == []
    assert "exactly one zone" in zoning.violations(problem, replace(found, zones=(first, replace(second, first=0))))[0]
    quick = replace(found, zones=(replace(first, seconds=1.0), second))
    assert "the walks take" in zoning.violations(problem, quick)[0]


ZONES: dict[str, Any] = {
    "block": {"aisles": 4, "length_m": 20, "pitch_m": 5}, "zones": 2,
    "orders": [{"id": "o1", "picks": [[0, 3.5], [2, 18]]}, {"id": "o2", "picks": [[2, 12], [3, 1]]}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"zones": 5}, "4 aisles make 1 to 4 zones, not 5"),
        ({"zones": 0}, "not 0"),
        ({"orders": []}, "zones need past orders"),
        ({"orders": [{"id": "o1", "picks": [[4, 1]]}]}, "order o1: aisle 4 at 1.0 m lies outside"),
        ({"orders": ZONES["orders"] * 2}, "order o1 stands twice"),
        ({"metres_per_second": 0}, "a pace above 0"),
        ({"seconds_per_pick": -1}, "seconds_per_pick"),
        ({"held_out": 1}, "held-out share"),
        ({"pickers": 3}, "did you mean|unknown|pickers"),
    ],
)
def test_bad_zones_are_refused_by_name(change: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        FLOOR.read_zones(ZONES | change)
