"""How much of a wanted text an answer holds: chrF over characters, and labels as a tree of their tokens."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

_ORDER = 6
_BETA = 2.0

Tree = dict[int, Any]
"""Token ids to trees; a leaf is empty."""


def chrf(found: str, wanted: str) -> float:
    """Return chrF, 0 to 1, of one answer: the mean F2 of its character 1- to 6-grams, spaces aside.

    Parameters
    ----------
    found, wanted
        The answer and the reference.

    Notes
    -----
    Popović (2015), "chrF: character n-gram F-score for automatic MT evaluation". Orders that neither text has are left out.

    Examples
    --------
    >>> chrf("red apples", "red apples"), chrf("", "red")
    (1.0, 0.0)
    """
    have, want = "".join(found.split()), "".join(wanted.split())
    precision, recall, orders = 0.0, 0.0, 0
    for order in range(1, _ORDER + 1):
        ours, theirs = _grams(have, order), _grams(want, order)
        if not ours and not theirs:
            continue
        same = sum((ours & theirs).values())
        precision += same / max(1, sum(ours.values()))
        recall += same / max(1, sum(theirs.values()))
        orders += 1
    if not orders or not precision + recall:
        return float(have == want)
    precision, recall = precision / orders, recall / orders
    return (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)


def label_tree(labels: Iterable[Sequence[int]]) -> Tree:
    """Return labels (token ids, their end mark included) as a tree of tokens."""
    root: Tree = {}
    for label in labels:
        place = root
        for token in label:
            place = place.setdefault(int(token), {})
    return root


def following(tree: Tree, begun: Iterable[int]) -> list[int]:
    """Return the tokens by which a label that begins so can go on; nothing when it is complete or no label."""
    place: Tree | None = tree
    for token in begun:
        place = place.get(int(token)) if place else None
    return list(place) if place else []


def _grams(text: str, order: int) -> Counter[str]:
    return Counter(text[place : place + order] for place in range(len(text) - order + 1))
