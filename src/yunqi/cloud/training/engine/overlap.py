"""How much of a wanted text an answer holds: chrF over characters, and labels as a tree of their tokens."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_ORDER = 6
_BETA = 2.0


@dataclass(frozen=True, slots=True)
class LabelTree:
    """Labels as a tree of tokens: what begins alike is there once.

    Parameters
    ----------
    tokens, parents, depths
        Of each node, parents before their children; the parent of a first token is -1 and its depth 0.
    paths
        The nodes of each label, in order.
    """

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    depths: tuple[int, ...]
    paths: tuple[tuple[int, ...], ...]


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


def label_tree(labels: Iterable[Sequence[int]]) -> LabelTree:
    """Return labels (token ids, their end mark included) as a tree.

    Examples
    --------
    >>> label_tree([[5, 6], [5, 7]])
    LabelTree(tokens=(5, 6, 7), parents=(-1, 0, 0), depths=(0, 1, 1), paths=((0, 1), (0, 2)))
    """
    numbers: dict[tuple[int, int], int] = {}
    depths: list[int] = []
    paths = []
    for label in labels:
        path: list[int] = []
        for depth, token in enumerate(label):
            node = (path[-1] if path else -1, int(token))
            if node not in numbers:
                numbers[node] = len(numbers)
                depths.append(depth)
            path.append(numbers[node])
        paths.append(tuple(path))
    parents, tokens = zip(*numbers, strict=True) if numbers else ((), ())
    return LabelTree(tokens, parents, tuple(depths), tuple(paths))


def _grams(text: str, order: int) -> Counter[str]:
    return Counter(text[place : place + order] for place in range(len(text) - order + 1))
