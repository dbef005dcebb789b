"""A suggestion with its reasons, from a ranker."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.customs.classify import Ranker, softmax
from yunqi.commerce.logistics.engine.customs.words import covering, same, words
from yunqi.commerce.logistics.model.nomenclature import Candidate, Nomenclature, Suggestion

Floats = npt.NDArray[np.float64]
LIKE = 0.35
"""Decisions less alike than this are no reason."""
REASONS = 6
CHUNK = 100
"""Texts that are scored together."""


def suggest(ranker: Ranker, texts: Sequence[str], *, top: int, threshold: float) -> list[Suggestion]:
    """Return the likeliest codes for texts, with what speaks for each.

    Parameters
    ----------
    top
        How many codes.
    threshold
        The chance from which the first code is the answer; below it a person decides.
    """
    found = []
    for begins in range(0, len(texts), CHUNK):
        some = texts[begins : begins + CHUNK]
        scores, likeness = ranker.judged(some)
        chances = softmax(scores)
        found += [
            _one(ranker, text, chances[row], likeness[row], top=top, threshold=threshold)
            for row, text in enumerate(some)
        ]
    return found


def _one(ranker: Ranker, text: str, chances: Floats, likeness: Floats, *, top: int, threshold: float) -> Suggestion:
    order = np.argpartition(-chances, min(top, len(chances) - 1))[:top]
    order = order[np.argsort(-chances[order], kind="stable")]
    first = float(ranker.calibration.of(chances[order[:1]])[0])
    # What the first gains or loses by calibration, the others lose or gain in proportion.
    scale = (1 - first) / max(1 - float(chances[order[0]]), 1e-12)
    confidences = [first, *(min(first, float(chances[at]) * scale) for at in order[1:])]
    candidates = tuple(
        _candidate(ranker, text, int(at), confidence, likeness)
        for at, confidence in zip(order, confidences, strict=True)
    )
    return _judged(ranker, text, candidates, likeness, threshold)


def _judged(
    ranker: Ranker, text: str, candidates: tuple[Candidate, ...], likeness: Floats, threshold: float
) -> Suggestion:
    """Decide whether the first candidate is the answer, and say why."""
    calibrated = ranker.calibration.decisions > 0
    before = ranker.past.texts.get(same(text), ())
    codes = sorted({one.code for one in before})
    version = ranker.nomenclature.version
    if len(codes) > 1:
        why = f"people decided this text differently before: {', '.join(codes)}"
        return Suggestion(text, version, candidates, None, False, calibrated, why)
    if codes:
        last = before[-1]
        mine = _candidate(ranker, text, ranker.lines.codes.index(last.code), 1.0, likeness)
        decided = (mine, *[one for one in candidates if one.code != last.code][: max(0, len(candidates) - 1)])
        why = f"{last.by} decided this text on {last.at:%Y-%m-%d}: {last.why}"
        return Suggestion(text, version, decided, last.code, True, calibrated, why)
    if not calibrated:
        why = "too few decisions to hold the confidences against; a person decides until there are enough"
        return Suggestion(text, version, candidates, None, False, False, why)
    sure = candidates[0].confidence >= threshold
    word = "reaches" if sure else "is below"
    why = f"confidence {candidates[0].confidence:.2f} {word} {threshold:.2f}"
    return Suggestion(text, version, candidates, candidates[0].code if sure else None, False, True, why)


def _candidate(ranker: Ranker, text: str, at: int, confidence: float, likeness: Floats) -> Candidate:
    code = ranker.lines.codes[at]
    mine = np.flatnonzero((ranker.past.line == at) & (likeness >= LIKE))
    strongest = mine[np.argsort(-likeness[mine], kind="stable")][:3]
    precedents = tuple((ranker.past.precedents[k], round(float(likeness[k]), 3)) for k in strongest)
    path = ranker.nomenclature.path(code)
    return Candidate(code, confidence, path, shared_words(ranker.nomenclature, text, code), precedents)


def shared_words(nomenclature: Nomenclature, text: str, code: str) -> tuple[tuple[str, str], ...]:
    """Return the words of a text that the lines of a code have, the finest line first."""
    asked, found = dict.fromkeys(words(text)), []
    for position in reversed(nomenclature.path(code)):
        for word in words(covering(position.text)):
            if word in asked:
                found.append((word, position.code))
                del asked[word]
    return tuple(found[:REASONS])
