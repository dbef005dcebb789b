"""Journeys: exact against every path and every outcome, clocks and calendars, disruptions, and why nothing goes."""

import itertools
import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from yunqi.commerce.logistics.engine.journeys.calendar import minute, moment, utc
from yunqi.commerce.logistics.engine.journeys.read import read_network
from yunqi.commerce.logistics.engine.journeys.search import journeys
from yunqi.commerce.logistics.model.journeys import Goal, Network, NoJourney
from yunqi.commerce.logistics.service.journeys import JourneyDesk
from yunqi.kernel import Invalid, NotFound

DESK = JourneyDesk()
EVERY_DAY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def small() -> dict[str, Any]:
    """Return a door in Hangzhou, a port, an airport, and a door in Berlin."""
    return {
        "currency": "CNY",
        "places": [
            {"id": "hangzhou", "zone": "Asia/Shanghai", "territory": "CN"},
            {"id": "shanghai", "zone": "Asia/Shanghai", "territory": "CN", "handling_min": 120},
            {"id": "hamburg", "zone": "Europe/Berlin", "territory": "EU", "handling_min": 60},
            {"id": "berlin", "zone": "Europe/Berlin", "territory": "EU", "hours": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"}},
        ],
        "services": [
            {"id": "truck-1", "from": "hangzhou", "to": "shanghai", "mode": "truck", "departures": [{"at": "18:00"}], "cutoff_min": 60, "transit_min": 240, "cost": 5000},
            {"id": "air", "from": "shanghai", "to": "hamburg", "mode": "air", "departures": [{"days": ["tue", "fri"], "at": "23:30"}], "cutoff_min": 180, "transit_min": [[0.9, 720], [0.1, 1440]], "cost": 2000, "cost_per_kg": 4000, "capacity_g": 50_000},
            {"id": "sea", "from": "shanghai", "to": "hamburg", "mode": "sea", "departures": [{"days": ["sat"], "at": "12:00"}], "cutoff_min": 2880, "transit_min": [[0.5, 40_320], [0.5, 43_200]], "cost": 3000, "cost_per_kg": 100},
            {"id": "truck-2", "from": "hamburg", "to": "berlin", "mode": "truck", "departures": [{"days": ["mon", "tue", "wed", "thu", "fri"], "at": "06:00"}], "transit_min": 240, "cost": 4000},
        ],
        "clearances": [
            {"place": "shanghai", "side": "export", "minutes": 60, "cost": 500},
            {"place": "hamburg", "side": "import", "minutes": 120, "inspection": {"probability": 0.04, "minutes": 2880}, "cost": 700, "hours": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "07:00", "to": "17:00"}},
        ],
    }  # fmt: skip


def find(goal: Goal = Goal.PARETO, network: dict[str, Any] | None = None, **wish: Any) -> list[dict[str, Any]]:
    read = DESK.of(network or small())
    asked = DESK.wish(
        "hangzhou", "berlin", wish.pop("ready", "2026-11-23T10:00+08:00"), weight_g=wish.pop("weight_g", 12_000), **wish
    )
    return list(DESK.document(read, asked, DESK.find(read, asked, goal))["journeys"])


def test_a_journey_is_reckoned_to_the_minute() -> None:
    """Monday's truck, Tuesday's plane; it lands on Wednesday morning or evening and clears in the customs' hours."""
    sea, air = find(promise=0.9)
    assert [leg["service"] for leg in air["legs"]] == ["truck-1", "air", "truck-2"]
    assert air["cost"] == 5000 + 2000 + 12 * 4000 + 500 + 700 + 4000
    assert sea["cost"] == 5000 + 3000 + 12 * 100 + 500 + 700 + 4000
    assert air["legs"][0]["departs"] == [{"at": "2026-11-23T18:00:00+08:00", "chance": 1.0}]
    assert air["legs"][1]["departs"] == [{"at": "2026-11-24T23:30:00+08:00", "chance": 1.0}]
    # 23:30 in Shanghai is 16:30 in Hamburg; 12 h later 04:30 (clears 07:00 to 09:00), 24 h later 16:30 (to 18:30).
    ready = {one["at"]: one["chance"] for one in air["legs"][1]["ready"]}
    assert ready["2026-11-25T09:00:00+01:00"] == pytest.approx(0.9 * 0.96)
    assert ready["2026-11-25T18:30:00+01:00"] == pytest.approx(0.1 * 0.96)
    assert ready["2026-11-27T09:00:00+01:00"] == pytest.approx(0.9 * 0.04)
    assert air["likely"] == air["promised"] == "2026-11-26T10:00:00+01:00"
    assert air["legs"][1]["steps"] == ["export clearance at shanghai", "import clearance at hamburg"]


def test_the_promise_is_later_the_surer_it_must_be() -> None:
    assert find(Goal.EARLIEST, promise=0.97)[0]["promised"] == "2026-11-30T10:00:00+01:00"
    assert find(Goal.EARLIEST, promise=0.96)[0]["promised"] == "2026-11-26T10:00:00+01:00"


def test_a_deadline_keeps_only_what_holds_it() -> None:
    (only,) = find(promise=0.9, deadline="2026-11-27T00:00+01:00")
    assert only["on_time"] == pytest.approx(0.96)
    with pytest.raises(NoJourney, match=r"chance of 99%: the earliest promise is 2026-11-30T10:00:00\+01:00, .* 96.0%"):
        find(promise=0.99, deadline="2026-11-27T00:00+01:00")


def test_disruptions_are_gone_around() -> None:
    (sea,) = find(without=["air"])
    assert sea["legs"][1]["service"] == "sea"
    later = find(Goal.EARLIEST, without=["air@2026-11-24"])[0]
    assert later["legs"][1]["departs"][0]["at"] == "2026-11-27T23:30:00+08:00"
    with pytest.raises(NoJourney, match="with truck-2 running there is one"):
        find(without=["truck-2"])
    with pytest.raises(Invalid, match="no service 'ship' to leave out"):
        find(without=["ship"])


def test_full_departures_are_skipped_and_the_largest_weight_is_named() -> None:
    full = small()
    full["services"][1]["booked_g"] = {"2026-11-24": 45_000}
    assert find(Goal.EARLIEST, full)[0]["legs"][1]["departs"][0]["at"] == "2026-11-27T23:30:00+08:00"
    del full["services"][2]
    with pytest.raises(
        NoJourney, match="60000 g are too much for the departures that are left; up to 50000 g would go"
    ):
        find(network=full, weight_g=60_000)


def test_why_nothing_goes_is_said() -> None:
    cut = small()
    del cut["services"][3]
    with pytest.raises(NoJourney, match="no service goes to berlin, and hangzhou leads to hamburg, hangzhou, shanghai"):
        find(network=cut)
    ended = small()
    ended["services"][0]["until"] = "2026-11-22"
    with pytest.raises(NoJourney, match="no connection within 90 days"):
        find(network=ended)
    with pytest.raises(NotFound, match="no place 'paris'; it has hangzhou"):
        DESK.find(DESK.of(small()), DESK.wish("hangzhou", "paris", "2026-11-23T10:00Z"))


def test_clocks_that_change_are_met() -> None:
    """The night of 29 March 2026 has no 02:30 in Berlin; that of 25 October has it twice."""
    berlin = ZoneInfo("Europe/Berlin")
    spring, autumn = utc(date(2026, 3, 29), time(2, 30), berlin), utc(date(2026, 10, 25), time(2, 30), berlin)
    assert moment(spring, berlin).isoformat() == "2026-03-29T03:30:00+02:00"
    assert moment(autumn, berlin).isoformat() == "2026-10-25T02:30:00+02:00"
    assert minute(datetime(1970, 1, 1, 0, 0, 30, tzinfo=UTC)) == 1


# Every path and every outcome, in code that shares nothing with the search.


def generated(draw: random.Random) -> dict[str, Any]:
    names = ["a", "b", "c", "d", "e"]
    zones = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"]
    places = [
        {"id": name, "zone": draw.choice(zones), "territory": draw.choice(["X", "Y"]), "handling_min": draw.choice([0, 45, 300])}
        for name in names
    ]  # fmt: skip
    if draw.random() < 0.5:
        places[4]["hours"] = {"days": EVERY_DAY[:5], "from": "09:00", "to": "17:00"}
    services = []
    for k in range(9):
        start, end = draw.sample(names, 2)
        days = draw.sample(EVERY_DAY, draw.randint(1, 4))
        transit = draw.choice([300, [200, 900], [[0.7, 400], [0.2, 1500], [0.1, 9000]]])
        services.append(
            {
                "id": f"s{k}", "from": start, "to": end, "mode": "truck", "departures": [{"days": days, "at": f"{draw.randint(0, 23):02}:15"}],
                "cutoff_min": draw.choice([0, 90]), "transit_min": transit, "cost": draw.randint(1, 30), "cost_per_kg": draw.randint(0, 3),
            }
        )  # fmt: skip
    clearances = [
        {"place": name, "side": side, "minutes": 60, "inspection": {"probability": 0.2, "minutes": [1000, 3000]}, "cost": draw.randint(0, 9)}
        for name in names for side in ("import", "export") if draw.random() < 0.4
    ]  # fmt: skip
    if clearances:
        clearances[0]["hours"] = {"days": ["mon", "wed", "fri"], "from": "08:00", "to": "12:00"}
    return {"currency": "EUR", "places": places, "services": services, "clearances": clearances}


def opened(hours: dict[str, Any] | None, zone: str, at: datetime) -> datetime:
    """Go on by the minute until it is open."""
    if hours is None:
        return at
    for step in range(30 * 24 * 60):
        local = (at + timedelta(minutes=step)).astimezone(ZoneInfo(zone))
        if EVERY_DAY[local.weekday()] in hours["days"] and hours["from"] <= f"{local:%H:%M}" < hours["to"]:
            return at + timedelta(minutes=step)
    raise AssertionError


def pairs(value: Any) -> list[tuple[float, int]]:
    if isinstance(value, int):
        return [(1.0, value)]
    return [tuple(one) if isinstance(one, list) else (1 / len(value), one) for one in value]


def outcomes(document: dict[str, Any], path: list[dict[str, Any]], ready: datetime, kg: int) -> tuple[int, list[tuple[datetime, float]]]:  # fmt: skip
    """Return the cost of a path and every time at which it may end."""
    places = {one["id"]: one for one in document["places"]}
    steps = {(one["place"], one["side"]): one for one in document["clearances"]}
    states, cost = [(ready, 1.0)], 0
    for k, service in enumerate(path):
        start, end = places[service["from"]], places[service["to"]]
        crosses = start["territory"] != end["territory"]
        cost += service["cost"] + kg * service["cost_per_kg"]
        if k:
            states = [(at + timedelta(minutes=start["handling_min"]), p) for at, p in states]
        if crosses and (start["id"], "export") in steps:
            states, cost = (
                cleared(states, steps[start["id"], "export"], start),
                cost + steps[start["id"], "export"]["cost"],
            )
        states = [
            (departing(service, start, at) + timedelta(minutes=m), p * share)
            for at, p in states for share, m in pairs(service["transit_min"])
        ]  # fmt: skip
        if crosses and (end["id"], "import") in steps:
            states, cost = cleared(states, steps[end["id"], "import"], end), cost + steps[end["id"], "import"]["cost"]
        states = [(opened(end.get("hours"), end["zone"], at), p) for at, p in states]
        together: dict[datetime, float] = {}
        for at, p in states:
            together[at] = together.get(at, 0.0) + p
        states = list(together.items())
    return cost, states


def cleared(states: list[tuple[datetime, float]], step: dict[str, Any], place: dict[str, Any]) -> list[tuple[datetime, float]]:  # fmt: skip
    found = []
    for at, p in states:
        begins = opened(step.get("hours"), place["zone"], at)
        looked = step["inspection"]
        found.append((begins + timedelta(minutes=step["minutes"]), p * (1 - looked["probability"])))
        for more in looked["minutes"]:
            found.append((begins + timedelta(minutes=step["minutes"] + more), p * looked["probability"] / 2))
    return found


def departing(service: dict[str, Any], place: dict[str, Any], at: datetime) -> datetime:
    zone, (plan,) = ZoneInfo(place["zone"]), service["departures"]
    hour, minutes = map(int, plan["at"].split(":"))
    for ahead in range(-1, 12):
        day = at.astimezone(zone).date() + timedelta(days=ahead)
        leaves = datetime(day.year, day.month, day.day, hour, minutes, tzinfo=zone).astimezone(UTC)
        if EVERY_DAY[day.weekday()] in plan["days"] and leaves - timedelta(minutes=service["cutoff_min"]) >= at:
            return leaves
    raise AssertionError


def every_path(document: dict[str, Any], start: str, end: str) -> list[list[dict[str, Any]]]:
    found = []
    for length in range(1, 5):
        for path in itertools.permutations(document["services"], length):
            stops = [path[0]["from"], *(service["to"] for service in path)]
            chained = all(one["to"] == two["from"] for one, two in itertools.pairwise(path))
            if chained and stops[0] == start and stops[-1] == end and len(set(stops)) == len(stops):
                found.append(list(path))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_the_front_is_that_of_every_path_and_every_outcome(seed: int) -> None:
    draw = random.Random(seed)
    document = generated(draw)
    ready = datetime(2026, 3, draw.randint(20, 30), 7, 11, tzinfo=UTC)
    promise = draw.choice([0.5, 0.8, 0.95])
    wanted: list[tuple[int, datetime]] = []
    for path in every_path(document, "a", "e"):
        cost, states = outcomes(document, path, ready, 3)
        chance = 0.0
        for at, p in sorted(states):
            chance += p
            if chance >= promise - 1e-9:
                wanted.append((cost, at))
                break
    front = [
        one for one in sorted(set(wanted)) if not any(o != one and o[0] <= one[0] and o[1] <= one[1] for o in wanted)
    ]
    network: Network = read_network(document)
    wish = DESK.wish("a", "e", ready.isoformat(), weight_g=2_100, promise=promise)
    found = journeys(network, wish)
    assert [(one.cost, moment(one.promised, ZoneInfo("UTC"))) for one in found] == front
    assert all(sum(p for p, _ in one.arrives) == pytest.approx(1) for one in found)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"currency": "RMB"}, "ISO 4217"),
        ({"currency": None}, "currency is missing"),
        ({"places": []}, "places must be a list that is not empty"),
        ({"service": {}}, "did you mean services"),
        ({"places.0": {"zone": "Asia/Hangzhou"}}, r"places\[1\].zone 'Asia/Hangzhou' is no time zone"),
        ({"places.1": {"id": "hangzhou"}}, "same id"),
        ({"services.0": {"to": "paris"}}, "service truck-1 must go from one known place to another"),
        ({"services.0": {"cost": -1}}, r"services\[1\].cost must be a whole number"),
        ({"services.0": {"cost": float("nan")}}, r"services\[1\].cost"),
        ({"services.0": {"departures": []}}, r"services\[1\] has neither departures nor dates"),
        ({"services.0": {"departures": [{"at": "25:00"}]}}, "no local time"),
        ({"services.0": {"departures": [{"days": ["monday"], "at": "18:00"}]}}, "must be a list of mon"),
        ({"services.1": {"transit_min": [[0.9, 720], [0.2, 1440]]}}, r"services\[2\].transit_min: the chances add up to 1.1"),
        ({"services.1": {"transit_min": 12.5}}, "whole minutes"),
        ({"services.1": {"transit_min": -5}}, "whole minutes"),
        ({"services.1": {"closed": ["24.12.2026"]}}, "no day"),
        ({"clearances.0": {"place": "paris"}}, "paris, which is no place"),
        ({"clearances.0": {"side": "transit"}}, "side must be import or export"),
        ({"clearances.1": {"inspection": {"probability": 4, "minutes": 1}}}, "no chance from 0 to 1"),
    ],
)  # fmt: skip
def test_a_bad_network_is_refused_by_field(change: dict[str, Any], says: str) -> None:
    document = small()
    for name, value in change.items():
        part, _, at = name.partition(".")
        if at:
            document[part][int(at)] |= value
        else:
            document[part] = value
    with pytest.raises(Invalid, match=says):
        read_network(document)


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"ready": "2026-11-23T10:00"}, "needs its offset"),
        ({"ready": "Monday"}, "is no time"),
        ({"weight_g": 0}, "weight must be above 0 g"),
        ({"promise": 1.0}, "promise must be from 0.5"),
        ({"deadline": "2026-11-22T10:00Z"}, "deadline is before"),
        ({"without": ["air@tomorrow"]}, "no day as"),
    ],
)
def test_a_bad_wish_is_refused(wish: dict[str, Any], says: str) -> None:
    with pytest.raises(Invalid, match=says):
        find(**wish)
