"""Turn restrictions: relations of OpenStreetMap that forbid or command a turn from one way to another at a node.

Form: https://wiki.openstreetmap.org/wiki/Relation:restriction. Those by way of another way, and those for some hours or
some vehicles only (``restriction:hgv``, ``restriction:conditional``), are passed over.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.routing.roads.wire import Ints, Message, packed, signed
from yunqi.commerce.logistics.model import BadProblem

NODE, WAY = 0, 1


@dataclass(frozen=True, slots=True)
class Restriction:
    """One turn that is forbidden, or the only one that is allowed.

    Parameters
    ----------
    before, after
        Ids of the ways that one comes from and goes to.
    node
        Id of the node between them.
    only
        Whether it is the only turn allowed; otherwise it is forbidden.
    excepted
        Kinds of vehicles that it does not bind, as ``bicycle``.
    """

    before: int
    node: int
    after: int
    only: bool
    excepted: frozenset[str]


def read_restriction(relation: Message, where: str, words: list[bytes]) -> Restriction | None:
    """Return the restriction that a relation is, or None when it is none that is read."""
    parts = {key: np.zeros(0, np.int64) for key in (2, 3, 8, 9, 10)}
    for field, value in relation.fields():
        if field in parts:
            parts[field] = packed(value, where)
    keys, values, roles, kinds = (parts[key].tolist() for key in (2, 3, 8, 10))
    members = np.cumsum(signed(parts[9])).tolist()
    if len(keys) != len(values) or not len(roles) == len(kinds) == len(members):
        raise relation.broken("a relation's lists differ in length")
    if any(not 0 <= one < len(words) for one in (*keys, *values, *roles)):
        raise BadProblem(f"{where}: a relation names a word that the block has not.", param="extract")
    tags = {words[k]: words[v].decode("utf-8", "replace") for k, v in zip(keys, values, strict=True)}
    turn = tags.get(b"restriction", "")
    if tags.get(b"type") != "restriction" or not turn.startswith(("no_", "only_")):
        return None
    found: dict[bytes, list[tuple[int, int]]] = {}
    for role, kind, member in zip(roles, kinds, members, strict=True):
        found.setdefault(words[role], []).append((kind, member))
    before, via, after = (found.get(role, []) for role in (b"from", b"via", b"to"))
    if not len(before) == len(via) == len(after) == 1 or (before[0][0], via[0][0], after[0][0]) != (WAY, NODE, WAY):
        return None
    excepted = frozenset(word.strip() for word in tags.get(b"except", "").split(";") if word.strip())
    return Restriction(before[0][1], via[0][1], after[0][1], turn.startswith("only_"), excepted)


def forbidden(
    restrictions: Sequence[Restriction], kinds: frozenset[str], *, ways: Ints, heads: Ints, first: Ints, second: Ints
) -> npt.NDArray[np.bool_]:
    """Return which turns the restrictions forbid.

    Parameters
    ----------
    kinds
        What the vehicle is called in ``except``; a restriction that excepts one of them does not bind it.
    ways, heads
        The way of each edge, and the id of the node where it ends; shape (edges,).
    first, second
        The edges of each turn; shape (turns,).
    """
    found = np.zeros(len(first), np.bool_)
    at: dict[tuple[int, int], list[int]] = {}
    watched = {(one.before, one.node) for one in restrictions}
    for k, key in enumerate(zip(ways[first].tolist(), heads[first].tolist(), strict=True)):
        if key in watched:
            at.setdefault(key, []).append(k)
    for one in restrictions:
        if one.excepted & kinds:
            continue
        turns = np.array(at.get((one.before, one.node), []), np.int64)
        reaches = ways[second[turns]] == one.after
        if one.only and not reaches.any():
            continue  # the way it commands is not in the graph
        found[turns[~reaches if one.only else reaches]] = True
    return found
