"""A suggestion with its reasons, from a ranker."""

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.customs.classify import Ranker, softmax
from yunqi.commerce.logistics.engine.customs.words import covering, same, words
from yunqi.commerce.logistics.model.nomenclature import Candidate, Nomenclature, Precedent, Suggestion

Floats = npt.NDArray[np.float64]
LIKE = 0.35
"""Decisions less alike than this are no reason."""
REASONS = 6


def suggest(ranker: Ranker, text: str, *, top: int, threshold: float) -> Suggestion:
    """Return the likeliest codes for a text, with what speaks for each.

    Parameters
    ----------
    top
        How many codes.
    threshold
        The chance from which the first code is the answer; below it a person decides.
    """
    scores = ranker.scores([text])
    chances = softmax(scores)[0]
    order = np.argsort(-chances, kind="stable")[:top]
    likeness = ranker.likeness([text])[0]
    first = float(ranker.calibration.of(chances[order[:1]])[0])
    # What the first gains or loses by calibration, the others lose or gain in proportion.
    scale = (1 - first) / max(1 - float(chances[order[0]]), 1e-12)
    confidences = [first, *(min(first, float(chances[at]) * scale) for at in order[1:])]
    candidates = tuple(
        _candidate(ranker, text, int(at), confidence, likeness)
        for at, confidence in zip(order, confidences, strict=True)
    )
    return _judged(ranker, text, candidates, threshold)


def _judged(ranker: Ranker, text: str, candidates: tuple[Candidate, ...], threshold: float) -> Suggestion:
    """Decide whether the first candidate is the answer, and say why."""
    plain, calibrated = same(text), ranker.calibration.decisions > 0
    before = [one for one in ranker.past.precedents if same(one.text) == plain]
    codes = sorted({one.code for one in before})
    version = ranker.nomenclature.version
    if len(codes) > 1:
        why = f"people decided this text differently before: {', '.join(codes)}"
        return Suggestion(text, version, candidates, None, False, calibrated, why)
    if codes:
        last = before[-1]
        decided = _ahead(ranker, text, candidates, last)
        why = f"{last.by} decided this text on {last.at:%Y-%m-%d}: {last.why}"
        return Suggestion(text, version, decided, last.code, True, calibrated, why)
    if not calibrated:
        why = "too few decisions to hold the confidences against; a person decides until there are enough"
        return Suggestion(text, version, candidates, None, False, False, why)
    sure = candidates[0].confidence >= threshold
    word = "reaches" if sure else "is below"
    why = f"confidence {candidates[0].confidence:.2f} {word} {threshold:.2f}"
    return Suggestion(text, version, candidates, candidates[0].code if sure else None, False, True, why)


def _ahead(ranker: Ranker, text: str, candidates: tuple[Candidate, ...], last: Precedent) -> tuple[Candidate, ...]:
    """Put the decided code first."""
    at = ranker.lines.codes.index(last.code)
    mine = _candidate(ranker, text, at, 1.0, ranker.likeness([text])[0])
    rest = tuple(one for one in candidates if one.code != last.code)
    return (mine, *rest[: max(0, len(candidates) - 1)])


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
