"""Put points onto a road graph, and measure from each to each: seconds of the quickest way and its metres."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from yunqi.commerce.logistics.engine.routing.roads.graph import RADIUS, Floats, RoadGraph
from yunqi.commerce.logistics.engine.routing.roads.wire import Ints
from yunqi.commerce.logistics.model import BadProblem

SNAP_METRES = 300.0
"""A point further from every road is refused, by default."""
SLACK_METRES = 1.0
"""Two edges this near to the nearest one are taken as one road in two directions."""
NEARLY = 1e-9
CELLS = 2_000_000
"""Edges times sources of one pass; bounds the memory."""


@dataclass(frozen=True, slots=True)
class RoadMatrix:
    """Ways between points.

    Parameters
    ----------
    seconds, metres
        From row to column; shape (points, points). Metres are those of the quickest way, not of the shortest.
    snapped_m
        How far each point lies from its road; shape (points,). This way is not part of the matrices.
    """

    seconds: Floats
    metres: Floats
    snapped_m: Floats


@dataclass(frozen=True, slots=True)
class _Access:
    """Where each point meets the graph: up to one place on each of the edges beside it."""

    point: Ints
    edge: Ints
    share: Floats
    gap: Floats


def matrix_of(
    graph: RoadGraph, degrees: npt.NDArray[np.float64], names: list[str], *, limit_m: float = SNAP_METRES
) -> RoadMatrix:
    """Return seconds and metres between points.

    Parameters
    ----------
    degrees
        Latitude and longitude; shape (points, 2).
    names
        What messages call the points.
    limit_m
        A point further from every road than this is refused.

    Raises
    ------
    BadProblem
        When a point is too far from every road; names it and the distance.
    """
    access = _snap(graph, degrees, names, limit_m)
    count = len(degrees)
    seconds = np.full((count, count), np.inf)
    metres = np.full((count, count), np.inf)
    edges = len(graph.seconds)
    cost = graph.turn_s + graph.seconds[graph.second]
    links = csr_matrix((cost, (graph.first, graph.second)), (edges, edges))
    sources = np.unique(access.edge)
    step = max(1, CELLS // edges)
    for at in range(0, len(sources), step):
        some = sources[at : at + step]
        took, before = dijkstra(links, indices=some, return_predecessors=True)
        far = _along(graph, before)
        for row in np.flatnonzero(np.isin(access.edge, some)).tolist():
            k = int(np.searchsorted(some, access.edge[row]))
            _relax(graph, access, row, took[k], far[k], seconds, metres)
    np.fill_diagonal(seconds, 0)
    np.fill_diagonal(metres, 0)
    return RoadMatrix(seconds, metres, access.gap)


def _along(graph: RoadGraph, before: npt.NDArray[np.int32]) -> Floats:
    """Return metres from each source's end to each edge's end, by doubling the predecessors' chains."""
    alone = np.broadcast_to(np.arange(before.shape[1]), before.shape)
    parent = np.where(before < 0, alone, before)
    far: Floats = np.where(before < 0, 0.0, graph.metres)
    while True:
        more = np.take_along_axis(far, parent, 1)
        following = np.take_along_axis(parent, parent, 1)
        far = far + more
        if (following == parent).all():
            return far
        parent = following


def _relax(
    graph: RoadGraph, access: _Access, row: int, took: Floats, far: Floats, seconds: Floats, metres: Floats
) -> None:
    """Try the way that leaves by one place of a point, to every place of all points."""
    edge, share, point = int(access.edge[row]), float(access.share[row]), int(access.point[row])
    rest, ahead = 1 - share, 1 - access.share
    time = rest * graph.seconds[edge] + took[access.edge] - ahead * graph.seconds[access.edge]
    way = rest * graph.metres[edge] + far[access.edge] - ahead * graph.metres[access.edge]
    same, forth = access.edge == edge, access.share - share
    if (same & (forth < -NEARLY)).any():  # behind on the same edge: once around the block
        enters = np.flatnonzero(graph.second == edge)
        around = took[graph.first[enters]] + graph.turn_s[enters] + graph.seconds[edge]
        by = enters[around.argmin()] if len(enters) else 0
        time += same * (around.min() if len(enters) else 1e12)
        way += same * (far[graph.first[by]] + graph.metres[edge])
    direct = same & (forth >= -NEARLY)
    time = np.where(direct, np.maximum(forth, 0) * graph.seconds[edge], time)
    way = np.where(direct, np.maximum(forth, 0) * graph.metres[edge], way)
    order = np.argsort(-time, kind="stable")  # the quickest is written last
    better = order[time[order] < seconds[point, access.point[order]]]
    seconds[point, access.point[better]] = time[better]
    metres[point, access.point[better]] = way[better]


def _snap(graph: RoadGraph, degrees: Floats, names: list[str], limit_m: float) -> _Access:
    lat0 = float(np.radians(graph.piece_ends[:, [0, 2]].mean()))
    scale = np.radians(1) * RADIUS * np.array([1.0, np.cos(lat0)])
    ends = graph.piece_ends.reshape(-1, 2, 2) * scale
    a, along = ends[:, 0], ends[:, 1] - ends[:, 0]
    length2 = np.maximum((along**2).sum(1), 1e-9)
    points, edges, shares, gaps = [], [], [], np.zeros(len(degrees))
    for k, here in enumerate(degrees * scale):
        t = np.clip(((here - a) * along).sum(1) / length2, 0, 1)
        gap = np.hypot(*(a + t[:, None] * along - here).T)
        gaps[k] = gap.min()
        if not gaps[k] <= limit_m:
            raise BadProblem(
                f"{names[k]} lies {gaps[k]:,.0f} m from the nearest usable road, more than {limit_m:g} m; "
                "correct it, raise the limit or take an extract that covers it.",
                param=names[k],
            )
        near = np.flatnonzero(gap <= gaps[k] + SLACK_METRES)
        near = near[np.argsort(gap[near], kind="stable")]
        near = near[np.unique(graph.piece_edge[near], return_index=True)[1]]
        points += [k] * len(near)
        edges += graph.piece_edge[near].tolist()
        span = graph.piece_span[near]
        shares += (span[:, 0] + t[near] * (span[:, 1] - span[:, 0])).tolist()
    return _Access(np.array(points), np.array(edges), np.array(shares), gaps)
