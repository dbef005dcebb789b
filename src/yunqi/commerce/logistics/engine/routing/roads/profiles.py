"""How vehicles use roads: which they may, how fast, and what turning costs; all figures here are assumptions, stated.

Tags as the OpenStreetMap wiki describes them (Key:highway, Key:access, Key:oneway, Key:maxspeed). Right-hand traffic.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from yunqi.commerce.logistics.model import BadProblem

DRIVEN = {
    "motorway": 100.0, "motorway_link": 60.0, "trunk": 80.0, "trunk_link": 50.0, "primary": 55.0, "primary_link": 40.0,
    "secondary": 45.0, "secondary_link": 35.0, "tertiary": 40.0, "tertiary_link": 30.0, "unclassified": 35.0,
    "residential": 28.0, "living_street": 10.0, "service": 12.0, "road": 20.0,
}  # fmt: skip
SLOW = ("footway", "path", "pedestrian", "steps", "cycleway", "track", "bridleway")
LOCAL = [name for name in DRIVEN if not name.startswith(("motorway", "trunk"))]
CLOSED = {"no", "private", "agricultural", "forestry", "use_sidepath"}
POSTED_SHARE = 0.85
"""Share of a posted limit that is driven on average: junctions and traffic take the rest."""


@dataclass(frozen=True, slots=True)
class RoadProfile:
    """A kind of vehicle.

    Parameters
    ----------
    speeds
        Kilometres an hour by class of highway; a class without one is not used.
    access
        Keys that open or close a way, the most special first.
    top
        Kilometres an hour that are never passed.
    height_m, weight_t
        Of the vehicle; a way tagged with a lower limit is closed.
    turns
        Seconds at a junction: to the right, to the left (across the traffic), back.
    obeys_oneway
        Whether one-ways count.
    posted
        Whether a posted limit also raises the speed above the class's own.
    excepted
        What it is called where a turn restriction excepts somebody; None: no restriction binds it.
    """

    name: str
    speeds: Mapping[str, float]
    access: tuple[str, ...]
    top: float
    height_m: float
    weight_t: float
    turns: tuple[float, float, float]
    obeys_oneway: bool = True
    posted: bool = False
    excepted: frozenset[str] | None = frozenset()


MOTOR = ("motorcar", "motor_vehicle", "vehicle", "access")
HEAVY = ("goods", *MOTOR[1:])
CYCLED = dict.fromkeys([*LOCAL, "cycleway"], 16.0) | {"path": 12.0, "track": 10.0, "living_street": 10.0}
WALKED = dict.fromkeys([*LOCAL, *SLOW], 4.8) | {"steps": 2.0}
CAR, VAN, BIKE = frozenset({"motorcar", "motor_vehicle"}), frozenset({"goods", "motor_vehicle"}), frozenset({"bicycle"})
PROFILES = {
    "car": RoadProfile("car", DRIVEN, MOTOR, 120.0, 1.9, 2.0, (3.0, 6.0, 20.0), True, True, CAR),
    "van": RoadProfile("van", DRIVEN, HEAVY, 80.0, 2.8, 3.5, (4.0, 8.0, 30.0), True, True, VAN),
    "bike": RoadProfile(
        "bike", CYCLED, ("bicycle", "vehicle", "access"), 16.0, 1.9, 0.1, (1.0, 3.0, 5.0), excepted=BIKE
    ),
    "foot": RoadProfile("foot", WALKED, ("foot", "access"), 4.8, 1.9, 0.1, (0.0, 0.0, 0.0), False, False, None),
}


def profile_of(name: str) -> RoadProfile:
    """Return a profile by name.

    Raises
    ------
    BadProblem
        When there is none of that name.
    """
    if name not in PROFILES:
        raise BadProblem(f"There is no profile {name!r}; known: {', '.join(PROFILES)}.", param="profile")
    return PROFILES[name]


def use_of(tags: Mapping[str, str], profile: RoadProfile) -> tuple[float, float]:
    """Return kilometres an hour along a way and against it; 0 where the vehicle may not go."""
    speed = _speed(tags, profile)
    if not speed or not _is_open(tags, profile):
        return 0.0, 0.0
    if not profile.obeys_oneway:
        return speed, speed
    word = tags.get("oneway", "")
    if profile.name == "bike":
        word = tags.get("oneway:bicycle", word)
    if word in ("-1", "reverse"):
        return 0.0, speed
    round_about = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") == "motorway"
    if word in ("yes", "1", "true") or (round_about and word != "no"):
        return speed, 0.0
    return speed, speed


def _speed(tags: Mapping[str, str], profile: RoadProfile) -> float:
    kind = tags.get("highway", "")
    speed = profile.speeds.get(kind, 0.0)
    if not speed and profile.name == "bike" and kind in SLOW and tags.get("bicycle") in ("yes", "designated"):
        speed = 10.0
    posted = _measure(tags.get("maxspeed", ""))
    if posted and "mph" in tags.get("maxspeed", ""):
        posted *= 1.609344
    if speed and posted and posted >= 1:
        speed = posted * POSTED_SHARE if profile.posted else min(speed, posted)
    return min(speed, profile.top)


def _is_open(tags: Mapping[str, str], profile: RoadProfile) -> bool:
    if tags.get("area") == "yes":
        return False
    word = next((tags[key] for key in profile.access if key in tags), "yes")
    if word in CLOSED:
        return False
    height, weight = _measure(tags.get("maxheight", "")), _measure(tags.get("maxweight", ""))
    return not (height and height < profile.height_m) and not (weight and weight < profile.weight_t)


def _measure(text: str) -> float | None:
    """Return a tagged number in metres, tonnes or as it stands; None for words such as none, default or FI:urban."""
    feet = re.fullmatch(r"(\d+)'\s*(?:(\d+(?:\.\d+)?)\")?", text.strip())
    if feet:
        return int(feet[1]) * 0.3048 + float(feet[2] or 0) * 0.0254
    plain = re.fullmatch(r"(\d{1,6}(?:[.,]\d{1,6})?)\s*(m|t|kg|km/h|kmh|mph)?", text.strip())
    if not plain:
        return None
    return float(plain[1].replace(",", ".")) / (1000 if plain[2] == "kg" else 1)
