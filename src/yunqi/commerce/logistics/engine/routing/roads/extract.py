"""Read OpenStreetMap extracts (.osm.pbf): nodes, the ways that carry a highway, and turn restrictions.

Form: https://wiki.openstreetmap.org/wiki/PBF_Format.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.roads.restrictions import Restriction, read_restriction
from yunqi.commerce.logistics.engine.routing.roads.wire import (
    Ints,
    Message,
    nested,
    number,
    packed,
    signed,
    signed_one,
    text_of,
)
from yunqi.commerce.logistics.model import BadProblem

LARGEST_HEAD, LARGEST_BLOB = 64 * 1024, 32 * 1024 * 1024
KNOWN = {"OsmSchema-V0.6", "DenseNodes"}


@dataclass(frozen=True, slots=True)
class Way:
    """A way: its tags, and the ids of its nodes in order."""

    id: int
    tags: dict[str, str]
    nodes: Ints


@dataclass(frozen=True, slots=True)
class Extract:
    """What an extract holds of roads.

    Parameters
    ----------
    ids
        Ids of the nodes, ascending; shape (nodes,).
    degrees
        Latitude and longitude; shape (nodes, 2).
    ways
        The ways with a highway tag.
    restrictions
        Turns that are forbidden or commanded.
    """

    ids: Ints
    degrees: npt.NDArray[np.float64]
    ways: tuple[Way, ...]
    restrictions: tuple[Restriction, ...] = ()


def read_extract(data: bytes, name: str) -> Extract:
    """Return nodes and highways of an extract.

    Raises
    ------
    BadProblem
        When it is no extract, is damaged, packed in another way than zlib, or needs a feature that is not known.
    """
    ids: list[Ints] = []
    degrees: list[npt.NDArray[np.float64]] = []
    ways: list[Way] = []
    turns: list[Restriction] = []
    for k, (kind, block) in enumerate(_blocks(memoryview(data), name)):
        where = f"{name}, block {k + 1}"
        if (k == 0) != (kind == "OSMHeader") and kind in ("OSMHeader", "OSMData"):
            raise BadProblem(f"{where} is {kind}; an extract starts with one header.", param="extract")
        if kind == "OSMHeader":
            _features(Message(block, where), name)
        elif kind == "OSMData":
            _block(Message(block, where), where, ids, degrees, ways, turns)
    every = np.concatenate(ids) if ids else np.zeros(0, np.int64)
    if not len(every) or not ways:
        raise BadProblem(f"{name} holds {len(every)} nodes and {len(ways)} highways; no roads.", param="extract")
    order = np.argsort(every, kind="stable")
    return Extract(every[order], np.concatenate(degrees)[order], tuple(ways), tuple(turns))


def _blocks(data: memoryview, name: str) -> Iterator[tuple[str, memoryview]]:
    at, k = 0, 0
    while at < len(data):
        k += 1
        where = f"{name}, block {k}"
        size = int.from_bytes(data[at : at + 4], "big")
        if len(data) - at < 4 or not 0 < size <= LARGEST_HEAD or size > len(data) - at - 4:
            raise BadProblem(f"{where} has no valid head; the file is cut off or no .osm.pbf.", param="extract")
        kind, body = "", -1
        for field, value in Message(data[at + 4 : at + 4 + size], where).fields():
            if field == 1:
                kind = bytes(text_of(value, where)).decode("utf-8", "replace")
            elif field == 3:
                body = number(value, where)
        at += 4 + size
        if not 0 <= body <= LARGEST_BLOB or body > len(data) - at:
            raise BadProblem(f"{where} claims {body} bytes, {len(data) - at} are left.", param="extract")
        yield kind, _unpacked(Message(data[at : at + body], where), where)
        at += body
    if not k:
        raise BadProblem(f"{name} is empty.", param="extract")


def _unpacked(blob: Message, where: str) -> memoryview:
    raw: memoryview | None = None
    size, squeezed = -1, None
    for field, value in blob.fields():
        if field == 1:
            raw = text_of(value, where)
        elif field == 2:
            size = number(value, where)
        elif field == 3:
            squeezed = text_of(value, where)
        elif field in (4, 5, 6, 7):
            raise BadProblem(f"{where} is packed with lzma, bzip2, lz4 or zstd; only zlib is read.", param="extract")
    if squeezed is None:
        if raw is None or len(raw) > LARGEST_BLOB:
            raise blob.broken("it holds no data")
        return raw
    if not 0 <= size <= LARGEST_BLOB:
        raise blob.broken(f"it claims to unpack to {size} bytes")
    tool = zlib.decompressobj()
    try:
        plain = tool.decompress(squeezed, size + 1)
    except zlib.error as error:
        raise blob.broken(f"it does not unpack ({error})") from error
    if len(plain) != size or not tool.eof:
        raise blob.broken(f"it does not unpack to the {size} bytes that it claims")
    return memoryview(plain)


def _features(head: Message, name: str) -> None:
    for field, value in head.fields():
        if field == 4:
            needs = bytes(text_of(value, name)).decode("utf-8", "replace")
            if needs not in KNOWN:
                raise BadProblem(f"{name} needs the feature {needs!r}, which is not read.", param="extract")


def _block(
    block: Message, where: str, ids: list[Ints], degrees: list[npt.NDArray[np.float64]], ways: list[Way],
    turns: list[Restriction]
) -> None:  # fmt: skip
    words: list[bytes] = []
    groups = []
    grain, lat0, lon0 = 100, 0, 0
    for field, value in block.fields():
        if field == 1:
            words = [bytes(text_of(word, where)) for key, word in nested(value, where).fields() if key == 1]
        elif field == 2:
            groups.append(nested(value, where))
        elif field == 17:
            grain = number(value, where)
        elif field == 19:
            lat0 = number(value, where)
        elif field == 20:
            lon0 = number(value, where)
    highway = words.index(b"highway") if b"highway" in words else -1
    for group in groups:
        for field, value in group.fields():
            if field in (1, 2):
                some, lat, lon = (_dense if field == 2 else _node)(nested(value, where), where)
                place = np.stack([lat0 + grain * lat, lon0 + grain * lon], 1).astype(np.float64) * 1e-9
                if not len(some) == len(place) or not (np.abs(place) <= (90.001, 180.001)).all():
                    raise block.broken("a node lies outside of the earth")
                ids.append(some)
                degrees.append(place)
            elif field == 3 and highway >= 0:
                way = _way(nested(value, where), where, words, highway)
                if way is not None:
                    ways.append(way)
            elif field == 4 and b"restriction" in words:
                turn = read_restriction(nested(value, where), where, words)
                if turn is not None:
                    turns.append(turn)


def _dense(dense: Message, where: str) -> tuple[Ints, Ints, Ints]:
    parts = {1: np.zeros(0, np.int64), 8: np.zeros(0, np.int64), 9: np.zeros(0, np.int64)}
    for field, value in dense.fields():
        if field in parts:
            parts[field] = np.cumsum(signed(packed(value, where)))
    if not len(parts[1]) == len(parts[8]) == len(parts[9]):
        raise dense.broken("its nodes have not as many ids as coordinates")
    return parts[1], parts[8], parts[9]


def _node(node: Message, where: str) -> tuple[Ints, Ints, Ints]:
    parts = dict.fromkeys((1, 8, 9), 0)
    for field, value in node.fields():
        if field in parts:
            parts[field] = signed_one(value, where)
    one, lat, lon = (np.array([parts[key]], np.int64) for key in (1, 8, 9))
    return one, lat, lon


def _way(way: Message, where: str, words: list[bytes], highway: int) -> Way | None:
    key, parts = 0, {2: np.zeros(0, np.int64), 3: np.zeros(0, np.int64), 8: np.zeros(0, np.int64)}
    for field, value in way.fields():
        if field == 1:
            key = number(value, where)
        elif field in parts:
            parts[field] = packed(value, where)
            if field == 2 and highway not in parts[field]:
                return None
    keys, values = parts[2], parts[3]
    if len(keys) != len(values):
        raise way.broken(f"way {key} has {len(keys)} keys and {len(values)} values")
    both = np.concatenate([keys, values])
    if len(both) and not (both.min() >= 0 and both.max() < len(words)):
        raise way.broken(f"way {key} names a word that the block has not")
    if not len(keys):
        return None
    tags = {
        words[k].decode("utf-8", "replace"): words[v].decode("utf-8", "replace")
        for k, v in zip(keys.tolist(), values.tolist(), strict=True)
    }
    return Way(key, tags, np.cumsum(signed(parts[8])))
