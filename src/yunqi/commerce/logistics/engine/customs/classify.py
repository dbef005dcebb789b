"""HS classification: tariff lines ranked for a product's text, with the chance that the first is right.

Evidence for a line: BM25 of its own words, of its heading's and of its chapter's (all lines below included; what a line names
only to leave it out is no word of it), likeness of pieces of words, and the likest past decisions for the line, its heading and
its chapter. A weighted sum of these, through a softmax over all lines that can be declared, gives the chances (a conditional
logit). Weights are fitted to every other past decision and drawn to the usual ones; two numbers fitted to the rest put the
chances right (Platt 1999); each decision is held out of its own evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from yunqi.commerce.logistics.engine.customs import vectors
from yunqi.commerce.logistics.engine.customs.words import covering
from yunqi.commerce.logistics.model.nomenclature import Nomenclature, Precedent

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
EVIDENCE = ("line", "pieces", "heading", "chapter", "decided", "decided heading", "decided chapter")
WEIGHTS = np.array([6.0, 10.0, 0.5, 1.0, 9.0, 3.0, 1.0])
"""The first four as fitted to a validation part of EU nomenclature texts against HS lines, rounded; the others set by hand."""
SHARPNESS = 4
"""Power of the likeness to a decision: half alike is next to nothing."""
PULL = 0.003
"""How strongly fitted weights are drawn to ``WEIGHTS``, for each squared unit, against the mean loss of a decision."""
RIVALS = 60
"""Lines that the fit of the weights compares with the right one."""
ENOUGH = 50
"""Decisions that a calibration needs."""
HELD = 600
"""The most decisions, spread evenly, that a calibration looks at."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What turns the softmax's chance of the first line into one that holds: log-odds times ``slope`` plus ``shift``."""

    slope: float = 1.0
    shift: float = 0.0
    decisions: int = 0

    def of(self, chance: Floats) -> Floats:
        """Return the corrected chance."""
        clipped = np.clip(chance, 1e-6, 1 - 1e-6)
        odds = self.slope * np.log(clipped / (1 - clipped)) + self.shift
        corrected: Floats = 1 / (1 + np.exp(-odds))
        return corrected


@dataclass(frozen=True, slots=True)
class _Lines:
    """The nomenclature as sparse tables."""

    codes: tuple[str, ...]
    heading: Ints
    chapter: Ints
    word_rarity: Floats
    piece_rarity: Floats
    own: sparse.csr_matrix
    pieces: sparse.csr_matrix
    headings: sparse.csr_matrix
    chapters: sparse.csr_matrix


@dataclass(frozen=True, slots=True)
class _Past:
    """The decisions as sparse tables."""

    precedents: tuple[Precedent, ...]
    line: Ints
    words: sparse.csr_matrix
    pieces: sparse.csr_matrix


@dataclass(frozen=True, slots=True)
class Ranker:
    """Ranks the lines of one nomenclature for texts, in the light of past decisions."""

    nomenclature: Nomenclature
    lines: _Lines
    past: _Past
    calibration: Calibration
    weights: Floats

    def remembering(self, precedents: Sequence[Precedent]) -> "Ranker":
        """Return a ranker that knows these decisions, the oldest first; those for codes that it lacks are left out.

        Only decisions that it did not know yet are read.
        """
        seen = {one.id: row for row, one in enumerate(self.past.precedents)}
        rows = [seen[one.id] for one in precedents if one.id in seen]
        fresh = _past([one for one in precedents if one.id not in seen], self.lines)
        stacked = _Past(
            (*(self.past.precedents[row] for row in rows), *fresh.precedents),
            np.concatenate([self.past.line[rows], fresh.line]),
            sparse.vstack([self.past.words[rows], fresh.words], format="csr"),
            sparse.vstack([self.past.pieces[rows], fresh.pieces], format="csr"),
        )
        return replace(self, past=stacked)

    def calibrated(self) -> "Ranker":
        """Return a ranker whose chances fit its decisions, each ranked without itself and its like-worded ones."""
        known = len(self.past.precedents)
        if known < ENOUGH:
            return replace(self, calibration=Calibration())
        held = np.unique(np.linspace(0, known - 1, min(known, HELD)).astype(int))
        fitted = replace(self, weights=self._fitted(held[::2]), calibration=Calibration())
        chances, right = [], []
        for some in np.array_split(held[1::2], max(1, len(held) // 200)):
            chance = softmax(fitted.scores([self.past.precedents[k].text for k in some], without=some))
            first = chance.argmax(axis=1)
            chances.append(chance[np.arange(len(some)), first])
            right.append(first == self.past.line[some])
        held_out = np.concatenate(chances), np.concatenate(right).astype(float)
        return replace(fitted, calibration=_platt(*held_out, known))

    def _fitted(self, held: Ints) -> Floats:
        """Return weights for which the right lines of the held decisions are likelier than their rivals."""
        rows, masks = [], []
        for some in np.array_split(held, max(1, len(held) // 100)):
            evidence = np.stack(self.evidence([self.past.precedents[k].text for k in some], without=some), axis=-1)
            rivals = np.argpartition(-(evidence @ self.weights), min(RIVALS, len(self.lines.codes) - 1), axis=1)[
                :, :RIVALS
            ]
            right = self.past.line[some][:, None]
            rows.append(np.take_along_axis(evidence, np.column_stack([right, rivals])[:, :, None], axis=1))
            masks.append(np.column_stack([np.zeros(len(some)), np.where(rivals == right, -1e9, 0.0)]))
        return _logit(np.concatenate(rows), np.concatenate(masks))

    def scores(self, texts: Sequence[str], *, without: Ints | None = None) -> Floats:
        """Return the weighted evidence [texts, lines]; ``without`` leaves out one decision for each text."""
        total = np.zeros((len(texts), len(self.lines.codes)))
        for weight, values in zip(self.weights, self.evidence(texts, without=without), strict=True):
            total += weight * values
        return total

    def evidence(self, texts: Sequence[str], *, without: Ints | None = None) -> list[Floats]:
        """Return each kind of evidence [texts, lines], in the order of ``EVIDENCE``."""
        lines, covered = self.lines, [covering(text) for text in texts]
        question = vectors.asked(covered, lines.word_rarity)
        pieces = vectors.unit(vectors.counts(covered, vectors.piece_terms), lines.piece_rarity)
        found = [
            (question @ lines.own.T).toarray(),
            (pieces @ lines.pieces.T).toarray(),
            (question @ lines.headings.T).toarray()[:, lines.heading],
            (question @ lines.chapters.T).toarray()[:, lines.chapter],
        ]
        return found + self._precedents(self.likeness(texts, without=without))

    def likeness(self, texts: Sequence[str], *, without: Ints | None = None) -> Floats:
        """Return how like each text is to each decided one, from 0 to 1 [texts, decisions]."""
        words = vectors.unit(vectors.counts(texts, vectors.word_terms), self.lines.word_rarity)
        pieces = vectors.unit(vectors.counts(texts, vectors.piece_terms), self.lines.piece_rarity)
        like = ((words @ self.past.words.T).toarray() + (pieces @ self.past.pieces.T).toarray()) / 2
        if without is not None and like.shape[1]:
            like[np.arange(len(texts)), without] = 0.0
            like[like > 0.9999] = 0.0
        return np.asarray(like)

    def _precedents(self, like: Floats) -> list[Floats]:
        """Return the greatest likeness to a decision for each line, each line's heading and its chapter."""
        lines, found = self.lines, []
        for group in (np.arange(len(lines.codes)), lines.heading, lines.chapter):
            best = np.zeros((like.shape[0], int(group.max()) + 1))
            if like.shape[1]:
                np.maximum.at(best.T, group[self.past.line], like.T**SHARPNESS)
            found.append(best[:, group])
        return found


def build(nomenclature: Nomenclature, precedents: Sequence[Precedent] = (), *, weights: Floats = WEIGHTS) -> Ranker:
    """Return a calibrated ranker of a nomenclature."""
    lines = _lines(nomenclature)
    return Ranker(nomenclature, lines, _past(precedents, lines), Calibration(), weights).calibrated()


def softmax(scores: Floats) -> Floats:
    """Return the chances [texts, lines] that the scores mean."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: Floats = raised / raised.sum(axis=1, keepdims=True)
    return chances


def _lines(nomenclature: Nomenclature) -> _Lines:
    codes = nomenclature.declarable()
    heads, heading = np.unique([code[:4] for code in codes], return_inverse=True)
    chaps, chapter = np.unique([code[:2] for code in codes], return_inverse=True)
    covered = {position.code: covering(position.text) for position in nomenclature.positions}
    own = [" ".join(covered[p.code] for p in nomenclature.path(code) if len(p.code) > 4) for code in codes]
    full = [own[k] + " " + covered.get(code[:4], "") for k, code in enumerate(codes)]
    wide = [[covered.get(group, "")] for group in (*heads, *chaps)]
    for k in range(len(codes)):
        wide[heading[k]].append(own[k])
        wide[len(heads) + chapter[k]].append(full[k])
    grouped = [" ".join(parts) for parts in wide]
    words = vectors.counts(full, vectors.word_terms)
    pieces = vectors.counts(full, vectors.piece_terms)
    rare, rare_pieces = vectors.rarity(words), vectors.rarity(pieces)

    def weighted(texts: Sequence[str]) -> sparse.csr_matrix:
        return vectors.bm25(vectors.counts(texts, vectors.word_terms), rare)

    return _Lines(
        codes, heading.astype(np.int64), chapter.astype(np.int64), rare, rare_pieces, weighted(own),
        vectors.unit(pieces, rare_pieces),
        weighted(grouped[: len(heads)]), weighted(grouped[len(heads) :]),
    )  # fmt: skip


def _past(precedents: Sequence[Precedent], lines: _Lines) -> _Past:
    at = {code: k for k, code in enumerate(lines.codes)}
    kept = tuple(one for one in precedents if one.code in at)
    texts = [one.text for one in kept]
    return _Past(
        kept,
        np.array([at[one.code] for one in kept], np.int64),
        vectors.unit(vectors.counts(texts, vectors.word_terms), lines.word_rarity),
        vectors.unit(vectors.counts(texts, vectors.piece_terms), lines.piece_rarity),
    )


def _logit(rows: Floats, masks: Floats) -> Floats:
    """Return the weights under which the first line of each row [decisions, lines, evidence] is likeliest."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        chance = softmax(rows @ weights + masks)
        away = weights - WEIGHTS
        pulled = PULL * float(away @ away)
        slope = ((chance[:, :, None] * rows).sum(axis=1) - rows[:, 0]).mean(axis=0) + 2 * PULL * away
        return pulled - float(np.log(chance[:, 0] + 1e-12).mean()), slope

    found: Floats = optimize.minimize(loss, WEIGHTS, jac=True, method="L-BFGS-B").x
    return found


def _platt(chance: Floats, right: Floats, known: int) -> Calibration:
    """Fit slope and shift by a few steps of Newton's method, drawn a little to 1 and 0."""
    clipped = np.clip(chance, 1e-6, 1 - 1e-6)
    rows = np.column_stack([np.log(clipped / (1 - clipped)), np.ones(len(clipped))])
    fitted, pull = np.array([1.0, 0.0]), np.diag([1.0, 0.1])
    for _ in range(30):
        guess = 1 / (1 + np.exp(-rows @ fitted))
        slope = rows.T @ (guess - right) + pull @ (fitted - [1.0, 0.0])
        bend = (rows * (guess * (1 - guess))[:, None]).T @ rows + pull
        step = np.linalg.solve(bend, slope)
        fitted = fitted - np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return Calibration(float(fitted[0]), float(fitted[1]), known)
