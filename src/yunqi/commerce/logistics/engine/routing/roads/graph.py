"""The graph that a profile sees in an extract: directed edges between junctions, and what turning between them costs."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from yunqi.commerce.logistics.engine.routing.roads.extract import Extract
from yunqi.commerce.logistics.engine.routing.roads.profiles import RoadProfile, use_of
from yunqi.commerce.logistics.engine.routing.roads.restrictions import forbidden
from yunqi.commerce.logistics.engine.routing.roads.wire import Ints
from yunqi.commerce.logistics.model import BadProblem

Floats = npt.NDArray[np.float64]
RADIUS = 6_371_008.8
STRAIGHT, BACK = 45.0, 150.0
"""Degrees: less is no turn, more is a turn back."""


@dataclass(frozen=True, slots=True)
class RoadGraph:
    """Directed edges between junctions, those only that can be reached from one another.

    Parameters
    ----------
    seconds, metres
        Of each edge; shape (edges,).
    first, second
        The turns: from the end of edge ``first[k]`` one may go on along edge ``second[k]``; shape (turns,).
    turn_s
        Seconds of each turn; shape (turns,).
    piece_edge
        The edge that a straight piece belongs to; shape (pieces,).
    piece_ends
        Latitude and longitude of its two ends; shape (pieces, 4).
    piece_span
        Share of the edge at its two ends; shape (pieces, 2).
    """

    seconds: Floats
    metres: Floats
    first: Ints
    second: Ints
    turn_s: Floats
    piece_edge: Ints
    piece_ends: Floats
    piece_span: Floats


def graph_of(extract: Extract, profile: RoadProfile, name: str) -> RoadGraph:
    """Return the graph of the ways that the profile may use.

    Raises
    ------
    BadProblem
        When it may use none.
    """
    chains, speeds, names = _chains(extract, profile)
    if not chains:
        raise BadProblem(f"{name} has no road that the profile {profile.name!r} may use.", param="extract")
    size = len(extract.ids)
    uses = np.zeros(size, np.int64)
    for chain in chains:
        np.add.at(uses, chain, 1)
        uses[chain[[0, -1]]] += 1
    paths: list[Ints] = []
    pace: list[float] = []
    ways: list[int] = []
    for chain, (forth, back), own in zip(chains, speeds, names, strict=True):
        cuts = np.flatnonzero(uses[chain] > 1)
        for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            part = chain[a : b + 1]
            for speed, way in ((forth, part), (back, part[::-1])):
                if speed:
                    paths.append(way)
                    pace.append(speed / 3.6)
                    ways.append(own)
    graph = _assembled(extract.degrees, paths, np.array(pace), profile)
    if extract.restrictions and profile.excepted is not None:
        heads = extract.ids[np.array([path[-1] for path in paths])]
        barred = forbidden(
            extract.restrictions, profile.excepted, ways=np.array(ways, np.int64), heads=heads, first=graph.first,
            second=graph.second,
        )  # fmt: skip
        graph = dataclasses.replace(
            graph, first=graph.first[~barred], second=graph.second[~barred], turn_s=graph.turn_s[~barred]
        )
    return _largest(graph)


def _chains(extract: Extract, profile: RoadProfile) -> tuple[list[Ints], list[tuple[float, float]], list[int]]:
    """Return the ways, their speeds and ids, as positions of nodes; nodes outside of the extract cut a way off."""
    chains, speeds, names = [], [], []
    for way in extract.ways:
        use = use_of(way.tags, profile)
        if not any(use) or len(way.nodes) < 2:
            continue
        at = np.minimum(np.searchsorted(extract.ids, way.nodes), len(extract.ids) - 1)
        there = extract.ids[at] == way.nodes
        for run in np.split(np.arange(len(at)), np.flatnonzero(~there)):
            inside = at[run[there[run]]]
            inside = inside[np.concatenate([[True], np.diff(inside) != 0])] if len(inside) else inside
            if len(inside) > 1:
                chains.append(inside)
                speeds.append(use)
                names.append(way.id)
    return chains, speeds, names


def _assembled(degrees: Floats, paths: list[Ints], pace: Floats, profile: RoadProfile) -> RoadGraph:
    sizes = np.array([len(path) - 1 for path in paths])
    edge = np.repeat(np.arange(len(paths)), sizes)
    tails = np.concatenate([path[:-1] for path in paths])
    heads = np.concatenate([path[1:] for path in paths])
    far = great(degrees[tails], degrees[heads])
    metres = np.maximum(np.bincount(edge, far, len(paths)), 0.01)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    run = np.cumsum(far)
    before = run - far - np.repeat((run - far)[starts], sizes)
    span = np.stack([before, before + far], 1) / metres[edge][:, None]
    bearing = _bearing(degrees[tails], degrees[heads])
    first, second, turn = _turns(paths, bearing[starts], bearing[starts + sizes - 1], profile)
    ends = np.concatenate([degrees[tails], degrees[heads]], 1)
    return RoadGraph(metres / pace, metres, first, second, turn, edge, ends, np.clip(span, 0, 1))


def _turns(paths: list[Ints], leaves: Floats, arrives: Floats, profile: RoadProfile) -> tuple[Ints, Ints, Floats]:
    """Return the turns: onto every edge that leaves where one arrives, back along the same road too."""
    tail = np.array([path[0] for path in paths])
    head = np.array([path[-1] for path in paths])
    order = np.argsort(tail, kind="stable")
    low, high = np.searchsorted(tail[order], head), np.searchsorted(tail[order], head, side="right")
    count = high - low
    first = np.repeat(np.arange(len(paths)), count)
    within = np.arange(len(first)) - np.repeat(np.cumsum(count) - count, count)
    second = order[np.repeat(low, count) + within]
    back = np.array([path[1] for path in paths])[second] == np.array([path[-2] for path in paths])[first]
    back &= tail[first] == head[second]
    angle = (leaves[second] - arrives[first] + 180) % 360 - 180
    right, left, around = profile.turns
    cost = np.where(angle > 0, right, left)
    cost = np.where((np.abs(angle) < STRAIGHT) | (count[first] < 2), 0.0, cost)
    cost = np.where(back | ((np.abs(angle) > BACK) & (count[first] > 1)), around, cost)
    return first, second, cost


def _largest(graph: RoadGraph) -> RoadGraph:
    """Keep the edges of the largest part within which each reaches each."""
    size = len(graph.seconds)
    links = csr_matrix((np.ones(len(graph.first)), (graph.first, graph.second)), (size, size))
    _, part = connected_components(links, connection="strong")
    keep = part == np.bincount(part).argmax()
    new = np.cumsum(keep) - 1
    turns, pieces = keep[graph.first] & keep[graph.second], keep[graph.piece_edge]
    return dataclasses.replace(
        graph, seconds=graph.seconds[keep], metres=graph.metres[keep],
        first=new[graph.first[turns]], second=new[graph.second[turns]], turn_s=graph.turn_s[turns],
        piece_edge=new[graph.piece_edge[pieces]], piece_ends=graph.piece_ends[pieces], piece_span=graph.piece_span[pieces],
    )  # fmt: skip


def great(a: Floats, b: Floats) -> Floats:
    """Return the metres between points given as latitude and longitude; shapes (n, 2)."""
    one, two = np.radians(a), np.radians(b)
    half = np.sin((two[:, 0] - one[:, 0]) / 2) ** 2
    half += np.cos(one[:, 0]) * np.cos(two[:, 0]) * np.sin((two[:, 1] - one[:, 1]) / 2) ** 2
    far: Floats = 2 * RADIUS * np.arcsin(np.sqrt(np.clip(half, 0, 1)))
    return far


def _bearing(a: Floats, b: Floats) -> Floats:
    """Return degrees clockwise from the north, on the plane that touches: edges are short."""
    east = (b[:, 1] - a[:, 1]) * np.cos(np.radians(a[:, 0]))
    angle: Floats = np.degrees(np.arctan2(east, b[:, 0] - a[:, 0]))
    return angle
