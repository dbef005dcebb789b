"""Packing: valid under every rule, refused with a word, and judged by a checker that can fail."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.packing.check import use, violations
from yunqi.commerce.logistics.engine.packing.read import read_csv, read_json
from yunqi.commerce.logistics.engine.packing.solve import solve
from yunqi.commerce.logistics.model.packing import UPRIGHT, Axles, Bin, Item, Packing, PackingProblem, Rotation
from yunqi.commerce.logistics.service.packing import PackingDesk
from yunqi.kernel import Invalid, NotFound

HEADER = "ID,X,Y,Z,ROTATION_XYZ,ROTATION_YXZ,ROTATION_ZYX,ROTATION_YZX,ROTATION_XZY,ROTATION_ZXY,COPIES\n"


def pack(problem: PackingProblem, fills: int = 40) -> Packing:
    """Pack on a budget of filled bins, which makes the answer the same on any machine."""
    packing = solve(problem, stop_at=lambda share: lambda _, done: done >= fills, workers=1)
    assert violations(problem, packing) == []
    return packing


def test_eight_halves_fill_a_cube() -> None:
    packing = pack(PackingProblem((Item("half", (5, 5, 5), 8),), (Bin("cube", (10, 10, 10)),)))
    assert packing.use == 1.0
    assert len(packing.loads[0].placements) == 8


def test_the_same_budget_gives_the_same_packing() -> None:
    items = tuple(Item(f"i{n}", (30 + 7 * n, 20 + 3 * n, 15 + n), 6) for n in range(4))
    problem = PackingProblem(items, (Bin("van", (120, 80, 90)),))
    assert pack(problem).loads == pack(problem).loads


def test_a_box_that_may_not_be_turned_stays_out_with_a_reason() -> None:
    packing = pack(
        PackingProblem((Item("tall", (3, 3, 9), rotations=UPRIGHT), Item("cube", (3, 3, 3))), (Bin("flat", (9, 9, 4)),))
    )
    assert packing.left == {"tall": (1, "(3, 3, 9) goes into no bin in any rotation that it allows")}


def test_a_payload_is_kept_and_bounds_the_use() -> None:
    packing = pack(
        PackingProblem((Item("brick", (5, 5, 5), 8, weight=1_000),), (Bin("box", (10, 10, 10), payload=3_500),))
    )
    assert len(packing.loads[0].placements) == 3
    assert packing.bound == pytest.approx(3.5 * 125 / 1_000)


def test_nothing_stands_on_what_is_fragile() -> None:
    problem = PackingProblem(
        (Item("glass", (10, 10, 5), 4, bearing=0), Item("stone", (10, 10, 5), 4)), (Bin("b", (20, 20, 10)),)
    )
    packing = pack(problem)
    assert packing.use == 1.0  # only with every glass on a stone


def test_a_weak_box_carries_only_what_it_bears() -> None:
    weak = Item("weak", (10, 10, 10), 3, rotations=(Rotation.XYZ,), weight=100, bearing=1.0)
    packing = pack(PackingProblem((weak,), (Bin("tower", (10, 10, 30)),)))
    assert len(packing.loads[0].placements) == 2  # a third would press 200 g on 100 square units


def test_what_leaves_first_is_not_blocked() -> None:
    items = tuple(Item(f"s{stop}", (20, 20, 20), 6, stop=stop) for stop in (1, 2, 3))
    packing = pack(PackingProblem(items, (Bin("van", (100, 60, 60)),)))
    assert packing.left == {}


def test_axles_carry_what_they_may() -> None:
    axles = Axles(front=0, rear=80, front_limit=40_000, rear_limit=60_000)
    packing = pack(
        PackingProblem((Item("drum", (20, 20, 20), 20, weight=5_000),), (Bin("van", (100, 60, 40), axles=axles),))
    )
    loaded = len(packing.loads[0].placements)
    assert 0 < loaded < 20
    assert packing.left["drum"] == (20 - loaded, "an axle would be overloaded")


def test_the_cheapest_carton_that_takes_the_order_is_chosen() -> None:
    cartons = (
        Bin("s", (30, 20, 10), 0, cost=40),
        Bin("m", (40, 30, 20), 0, cost=70),
        Bin("l", (80, 60, 40), 0, cost=200),
    )
    packing = pack(PackingProblem((Item("book", (20, 14, 3), 10),), cartons))
    assert [load.bin for load in packing.loads] == ["m"]
    assert packing.left == {}


@pytest.mark.parametrize(
    ("cubes", "cheapest"), [(1, 30), (2, 30), (3, 50), (4, 50), (5, 80), (6, 80), (7, 100), (9, 130)]
)
def test_cartons_of_two_kinds_are_mixed_as_cheaply_as_any_mix(cubes: int, cheapest: int) -> None:
    """A small one takes two cubes, a large one four; brute force over all mixes gives the costs."""
    cost = {"small": 30, "large": 50}
    cartons = (Bin("small", (20, 10, 10), 0, cost=30), Bin("large", (20, 20, 10), 0, cost=50))
    mixes = [30 * s + 50 * big for s in range(6) for big in range(4) if 2 * s + 4 * big >= cubes]
    assert min(mixes) == cheapest
    packing = pack(PackingProblem((Item("cube", (10, 10, 10), cubes),), cartons))
    assert packing.left == {}
    assert sum(cost[load.bin] for load in packing.loads) == cheapest


def test_a_small_order_goes_into_the_cheapest_cartons() -> None:
    """Three cubes: one by one they fill a large carton and a small one (90), all fit into the long one (70)."""
    cartons = (
        Bin("small", (10, 10, 10), 0, cost=40),
        Bin("large", (20, 10, 10), 0, cost=50),
        Bin("long", (30, 10, 10), 0, cost=70),
    )
    packing = pack(PackingProblem((Item("cube", (10, 10, 10), 3),), cartons))
    assert [load.bin for load in packing.loads] == ["long"]
    packing = pack(PackingProblem((Item("cube", (10, 10, 10), 4),), cartons))
    assert [load.bin for load in packing.loads] == ["large", "large"]
    # No carton takes both of these, and the flat one alone costs less than the tall one alone.
    items = (Item("flat", (9, 9, 2)), Item("tall", (2, 2, 9), rotations=UPRIGHT))
    packing = pack(
        PackingProblem(
            items, (Bin("f", (9, 9, 3), 0, cost=10), Bin("t", (9, 9, 9), 0, cost=60), Bin("n", (3, 3, 9), 0, cost=20))
        )
    )
    assert sorted(load.bin for load in packing.loads) == ["f", "n"]


def test_a_heavy_box_beside_a_light_one_presses_with_its_own_weight() -> None:
    """On average the pair presses 3 g a square unit, the heavy box alone 5 g, and the weak one bears 4 g."""
    heavy, light = Item("heavy", (2, 2, 2), weight=20), Item("light", (2, 2, 2), weight=4)
    weak = Item("weak", (4, 2, 2), rotations=(Rotation.XYZ,), bearing=4.0)
    packing = pack(PackingProblem((heavy, light, weak), (Bin("b", (4, 2, 4)),)))
    assert "weak" in packing.left or all(piece.z == 0 for piece in packing.loads[0].placements if piece.item == "heavy")


def test_weak_boxes_behind_carry_no_more_than_they_bear() -> None:
    """A stack of weak boxes is loaded first (it leaves last); what is loaded later may stand on it only as they bear."""
    weak = Item("weak", (5, 5, 2), 2, rotations=(Rotation.XYZ,), weight=25, bearing=1.5, stop=2)
    later = Item("later", (5, 5, 2), 1, rotations=(Rotation.XYZ,), weight=50, stop=1)
    packing = pack(PackingProblem((weak, later), (Bin("tower", (5, 5, 6)),)))
    assert packing.left["later"][0] == 1


def test_one_weak_item_makes_every_load_stand_on_its_whole_base() -> None:
    items = (
        Item("wide", (4, 4, 1), 2, stop=1),
        Item("post", (2, 2, 3), 1, stop=2),
        Item("weak", (1, 1, 1), 1, bearing=0.5, stop=1),
    )
    pack(PackingProblem(items, (Bin("b", (6, 4, 6)),), support=False))


def test_a_load_slides_to_where_the_axles_carry_it() -> None:
    axles = Axles(front=0, rear=100, front_limit=60_000, rear_limit=60_000)
    packing = pack(
        PackingProblem((Item("drum", (20, 20, 20), 2, weight=40_000),), (Bin("van", (100, 40, 20), axles=axles),))
    )
    assert packing.left == {}
    assert all(15 <= piece.x <= 65 for piece in packing.loads[0].placements)


def test_a_bin_that_takes_nothing_is_no_reason_to_stop() -> None:
    axles = Axles(front=0, rear=10, front_limit=5, rear_limit=5)
    bins = (Bin("van", (20, 20, 20), axles=axles), Bin("crate", (5, 5, 5), 2, cost=9))
    packing = pack(PackingProblem((Item("cube", (5, 5, 5), 2, weight=50),), bins))
    assert [load.bin for load in packing.loads] == ["crate", "crate"]
    tall = Item("tall", (1, 1, 9), 2, rotations=(Rotation.XYZ,))
    packing = pack(PackingProblem((tall,), (Bin("long", (1, 1, 9)), Bin("flat", (9, 9, 2), 0))))
    assert packing.left == {"tall": (1, "no room was found in the bins that may be used")}


def test_what_a_payload_leaves_outside_says_so() -> None:
    packing = pack(
        PackingProblem((Item("brick", (5, 5, 5), 8, weight=1_000),), (Bin("box", (10, 10, 10), payload=3_500),))
    )
    assert packing.left == {"brick": (5, "1000 g more is above the payload of every bin that may be used")}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.integers(1, 30), st.integers(1, 30), st.integers(1, 5)), min_size=1, max_size=5
    ),
    st.booleans(),
)
def test_any_order_is_packed_validly(sizes: list[tuple[int, int, int, int]], support: bool) -> None:
    items = tuple(Item(str(n), (x, y, z), copies) for n, (x, y, z, copies) in enumerate(sizes))
    pack(PackingProblem(items, (Bin("bin", (25, 20, 15)),), support), fills=3)


def test_the_checker_sees_each_broken_rule() -> None:
    problem = PackingProblem(
        (Item("a", (5, 5, 5), 2, rotations=UPRIGHT), Item("b", (5, 5, 6), 1)), (Bin("c", (10, 10, 12)),)
    )
    good = pack(problem)
    load = good.loads[0]
    first, *rest = load.placements

    def broken(**changes: int) -> str:
        return " ".join(
            violations(problem, replace(good, loads=(replace(load, placements=(replace(first, **changes), *rest)),)))
        )

    assert "reaches out" in broken(x=9)
    assert "hangs over" in broken(z=6)
    assert "is turned" in broken(dx=first.dx + 1)
    assert "share room" in broken(x=rest[0].x, y=rest[0].y, z=rest[0].z)
    assert "packed and" in " ".join(violations(problem, replace(good, loads=())))
    assert use(problem, good) == pytest.approx(400 / 1_200)


@pytest.mark.parametrize(
    ("items", "bins", "says"),
    [
        ("ID,X,Y\n0,1,2\n", "ID,X,Y,Z\n0,9,9,9\n", "items table lacks the column Z"),
        (HEADER + "0,1,2,nan,1,1,1,1,1,1,4\n", "ID,X,Y,Z\n0,9,9,9\n", "items line 2: size: nan must be"),
        (HEADER + "0,1,2,-3,1,1,1,1,1,1,4\n", "ID,X,Y,Z\n0,9,9,9\n", "items line 2"),
        (HEADER + "0,1,2,3,1,1,1,1,1,1,1.5\n", "ID,X,Y,Z\n0,9,9,9\n", "COPIES"),
        (HEADER + "0,1,2,3,0,0,0,0,0,0,4\n", "ID,X,Y,Z\n0,9,9,9\n", "at least one rotation"),
        (HEADER + "0,1,2,3,1\n", "ID,X,Y,Z\n0,9,9,9\n", "items table line 2: 5 cells for 11 columns"),
        (HEADER + "0,1,2,3,1,1,1,1,1,1,1\n0,1,2,3,1,1,1,1,1,1,1\n", "ID,X,Y,Z\n0,9,9,9\n", "item 0 stands twice"),
        (HEADER + "0,1,2,3,1,1,1,1,1,1,99999999\n", "ID,X,Y,Z\n0,9,9,9\n", "more than 50000 pieces"),
        (HEADER, "ID,X,Y,Z\n0,9,9,9\n", "items table has no rows"),
    ],
)
def test_a_bad_table_is_refused_by_name(items: str, bins: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        read_csv(items, bins, support=True)


def test_json_with_decimals_keeps_the_unit_and_refuses_unknown_names() -> None:
    text = json.dumps({"items": [{"id": 1, "size": [0.5, 0.25, 1]}], "bins": [{"id": "b", "size": [1, 1, 1]}]})
    read = read_json(text)
    assert read.scale == 100
    assert read.problem.items[0].size == (50, 25, 100)
    with pytest.raises(Invalid, match="did you mean copies"):
        read_json('{"items": [{"id": 1, "size": [1, 1, 1], "copys": 2}], "bins": [{"id": 1, "size": [1, 1, 1]}]}')


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    with pytest.raises(Invalid):
        read_json(data)


def test_files_are_found_from_either_name(tmp_path: Path) -> None:
    (tmp_path / "x_items.csv").write_text(HEADER + "0,1,2,3,1,1,1,1,1,1,4\n")
    (tmp_path / "x_bins.csv").write_text("ID,X,Y,Z\n0,9,9,9\n")
    desk = PackingDesk(LogisticsConfig())
    for name in ("x", "x_items.csv", "x_bins.csv"):
        assert desk.read(tmp_path / name).problem.items[0].copies == 4
    with pytest.raises(NotFound, match=r"y_items.csv is not there"):
        desk.read(tmp_path / "y")
    with pytest.raises(Invalid, match="seconds"):
        desk.pack(desk.read(tmp_path / "x").problem, seconds=float("nan"))


def test_a_packing_made_by_hand_is_judged_row_by_row() -> None:
    desk = PackingDesk(LogisticsConfig())
    read = read_json(
        json.dumps(
            {
                "items": [{"id": "a", "size": [1.5, 1, 1], "copies": 2, "rotations": "fixed"}],
                "bins": [{"id": "b", "size": [3, 1, 2]}],
            }
        )
    )
    one: dict[str, object] = {"item": "a", "x": 0, "y": 0, "z": 0, "dx": 1.5, "dy": 1, "dz": 1}
    assert desk.check(read, {"placements": [one, one | {"x": 1.5}]}) == {"valid": True, "use": 0.5, "broken": []}
    for second, says in (
        ({"x": 1}, "a at (0, 0, 0) and a at (1, 0, 0) share room"),
        ({"z": 1, "x": 0.5}, "a at (0.5, 0, 1) hangs over"),
        ({"x": 2}, "a at (2, 0, 0) reaches out of bin b"),
        ({"dx": 1, "dz": 1.5, "x": 1.5}, "a at (1.5, 0, 0) is turned"),
    ):
        found = desk.check(read, {"placements": [one, one | second]})
        assert not found["valid"]
        assert found["broken"][0].startswith(says)
    for row, says in (
        ({"item": "c"}, r"placements\[0\]: item 'c' is not"),
        ({"x": "left"}, r"placements\[0\].x: 'left'"),
        ({"at": 1}, "at is unknown"),
        ({"x": 0.25}, "more decimals"),
    ):
        with pytest.raises(Invalid, match=says):
            desk.check(read, {"placements": [one | row]})
    with pytest.raises(Invalid, match="needs its placements"):
        desk.check(read, [])
