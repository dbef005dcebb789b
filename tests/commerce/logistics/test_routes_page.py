"""The page on writing problems: each document it shows is answered, and it names every key that is read."""

import json
import re
from pathlib import Path

import pytest

from yunqi.commerce.logistics import BerthDesk, Budget, LogisticsConfig, PackingDesk, Plan, check_plan, replan, solve
from yunqi.commerce.logistics.engine.berth import read as berths
from yunqi.commerce.logistics.engine.packing import read as packing
from yunqi.commerce.logistics.engine.routing.events import EVENTS
from yunqi.commerce.logistics.engine.routing.read import rich
from yunqi.commerce.logistics.service.reading import read_replan

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "how-to" / "routes.md").read_text()
SHOWN = {name: json.loads(body) for name, body in re.findall(r"```json (\w+)\n(.*?)```", PAGE, flags=re.DOTALL)}
CONFIG = LogisticsConfig()


def planned(name: str) -> Plan:
    problem = rich.read_rich(SHOWN[name], name=name)
    plan = solve(problem, CONFIG, budget=Budget(0.1), seed=1)
    assert check_plan(problem, plan.routes).broken == ()
    return plan


@pytest.mark.parametrize("name", ["smallest", "skills", "shipments", "electric"])
def test_a_shown_problem_is_planned_whole(name: str) -> None:
    left = [one.id for one in planned(name).unserved]
    assert left == (["leaflets"] if name == "skills" else [])


def test_the_electric_van_reloads_and_charges_and_the_cold_one_keeps_the_order() -> None:
    (route,) = planned("electric").routes
    assert "reload" in route.stops
    assert any(stop.startswith("charge:") for stop in route.stops)
    cold = next(route for route in planned("skills").routes if route.vehicle == "cold")
    assert cold.stops.index("milk") < cold.stops.index("empties")


def test_the_shown_day_is_planned_again() -> None:
    problem, routes, events = read_replan(SHOWN["replan"], name="replan")
    found = replan(problem, routes, events, CONFIG, budget=Budget(0.1))
    assert {route.vehicle: route.stops for route in found.plan.routes} == {"v1": ("t1", "t3"), "v2": ("t4",)}
    assert found.kept == 1.0


def test_the_shown_boxes_and_vessels_are_placed() -> None:
    packed = PackingDesk(CONFIG).pack(packing.read_json(json.dumps(SHOWN["pack"])).problem, seconds=0.1)
    assert not packed.left
    plan = BerthDesk(CONFIG).plan(berths.read(json.dumps(SHOWN["berth"])), seconds=0.5)
    assert len(plan.visits) == 2


def test_every_key_that_is_read_is_on_the_page() -> None:
    keys = rich.PROBLEM | rich.VEHICLE | rich.TASK | rich.SHIPMENT | rich.HALF | set(EVENTS)
    keys |= {key for event in EVENTS.values() for key in event}
    keys |= packing._ITEM | packing._BIN | packing._AXLES | berths._QUAY | berths._VESSEL
    keys |= {"lat", "lon", "x", "y", "distances", "durations", "speed_m_s", "circuity", "margin_percent", "from_s"}
    assert sorted(key for key in keys if f"`{key}`" not in PAGE and f'"{key}"' not in PAGE) == []


def test_every_shown_document_is_tried() -> None:
    assert sorted(SHOWN) == ["berth", "electric", "pack", "replan", "shipments", "skills", "smallest"]
