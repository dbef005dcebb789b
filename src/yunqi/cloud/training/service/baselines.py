"""Baselines beside a model, on the same data and the same held-out examples: n-grams, and TF-IDF."""

import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.training.engine.metrics import mean_score, perplexity_scores, same_answer, same_fields
from yunqi.cloud.training.engine.overlap import chrf
from yunqi.cloud.training.engine.packing import token_type
from yunqi.cloud.training.model import Score
from yunqi.cloud.training.service.reading import rows, text_of
from yunqi.kernel import Invalid

_MOST_LABELS = 600
_PENALTIES = (1e-4, 1e-5, 1e-6)


def ngram_scores(folder: Path, heldout: Path, *, field: str, order: int, task: str, seed: int) -> list[Score]:
    """Return the scores of an interpolated Kneser-Ney model of a run's own tokens on its held-out text.

    Parameters
    ----------
    folder
        The run's folder, with its prepared data.
    heldout
        The file that the run held out, for its words and bytes.
    """
    from yunqi.cloud.training.engine.ngram import KneserNey

    vocabulary = _vocabulary(folder)
    train, held = (_documents(folder / "data", part, vocabulary) for part in ("train", "heldout"))
    if not held:
        raise Invalid("The run held no text out, so a baseline has nothing to be measured on.", param="heldout")
    texts = [text_of(heldout, row, field) for row in rows(heldout)][: len(held)]
    model = KneserNey(train, order=order, vocabulary=vocabulary)
    nats = [-float(model.log_likelihood(document).sum()) for document in held]
    found = perplexity_scores(
        task, nats, [len(d) for d in held], [len(text.split()) + 1 for text in texts],
        [len(text.encode()) for text in texts], seed=seed,
    )  # fmt: skip
    return [_named(score, f"Kneser-Ney, {order}-grams") for score in found]


def tfidf_scores(train: Path, test: Path, *, task: str, seed: int, check: Path | None = None) -> list[Score]:
    """Return what TF-IDF reaches on prompts and answers: the nearest example's answer, and a linear classifier.

    The classifier takes part where there are at most 600 different answers; for JSON answers there is one a field.

    Parameters
    ----------
    check
        Examples by which the classifier's penalty is chosen; without them it is 1e-4.
    """
    from yunqi.cloud.training.engine.tfidf import TfIdf

    asked, answers = _pairs(train)
    checked = _pairs(check) if check else None
    questions, wanted = _pairs(test)
    nearest = [answers[int(number)] for number in TfIdf(asked).nearest(questions)]
    scores = _compared("TF-IDF, nearest", nearest, wanted, task=task, seed=seed)
    fields = [_fields(answer) for answer in answers]
    if all(fields):
        columns = {name: [str(values.get(name, "")) for values in fields] for name in fields[0]}
        guesses = {
            name: _linear(asked, _frequent(labels), questions, checked, name) for name, labels in columns.items()
        }
        linear = [
            json.dumps({name: guesses[name][place] for name in columns}, ensure_ascii=False)
            for place in range(len(questions))
        ]
    elif len(set(answers)) <= _MOST_LABELS:
        linear = _linear(asked, answers, questions, checked)
    else:
        return scores
    return scores + _compared("TF-IDF, linear", linear, wanted, task=task, seed=seed)


def answer_scores(model: str, answers: Sequence[str], test: Path, *, task: str, seed: int) -> list[Score]:
    """Return the scores of answers that something else gave to a test's prompts, under that thing's name."""
    _, wanted = _pairs(test)
    if len(answers) != len(wanted):
        raise Invalid(f"{test} has {len(wanted)} examples, but {len(answers)} answers were given.", param="answers")
    return _compared(model, answers, wanted, task=task, seed=seed)


def _linear(
    asked: list[str], labels: list[str], questions: list[str], checked: tuple[list[str], list[str]] | None, field: str = ""
) -> list[str]:  # fmt: skip
    from yunqi.cloud.training.engine.tfidf import LinearClassifier

    if checked is None:
        return LinearClassifier(asked, labels).predict(questions)
    wanted = [str(_fields(answer).get(field, "")) if field else answer for answer in checked[1]]
    models = [LinearClassifier(asked, labels, penalty=penalty) for penalty in _PENALTIES]
    right = [sum(map(same_answer, model.predict(checked[0]), wanted)) for model in models]
    return models[int(np.argmax(right))].predict(questions)


def _compared(model: str, found: Sequence[str], wanted: Sequence[str], *, task: str, seed: int) -> list[Score]:
    exact = mean_score(task, "exact_match", list(map(same_answer, found, wanted)), seed=seed)
    scores = [_named(exact, model)]
    if all(answer.startswith("{") for answer in wanted):
        counted = list(map(same_fields, found, wanted))
        f1 = [2 * same / max(1, have + want) for same, have, want in counted]
        scores.append(_named(mean_score(task, "field_f1", f1, seed=seed), model))
        return scores
    scores.append(_named(mean_score(task, "chrf", list(map(chrf, found, wanted)), seed=seed), model))
    if len(set(wanted)) < len(wanted):
        right = list(map(same_answer, found, wanted))
        scores.append(_named(mean_score(task, "label_accuracy", right, seed=seed), model))
    return scores


def _named(score: Score, model: str) -> Score:
    return Score(
        score.task, score.metric, score.value, score.low, score.high, score.examples, model, score.higher_is_better
    )


def _pairs(path: Path) -> tuple[list[str], list[str]]:
    found = list(rows(path))
    return [text_of(path, row, "prompt") for row in found], [text_of(path, row, "answer") for row in found]


def _fields(answer: str) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _frequent(labels: list[str]) -> list[str]:
    """Return the labels with the rare ones made one: a classifier of thousands of names would learn nothing."""
    values, counts = np.unique(labels, return_counts=True)
    kept = set(values[np.argsort(-counts, kind="stable")][:_MOST_LABELS].tolist())
    return [label if label in kept else "" for label in labels]


def _vocabulary(folder: Path) -> int:
    description = json.loads((folder / "tokenizer" / "tokenizer.json").read_text(encoding="utf-8"))
    ids = [*description["model"]["vocab"].values(), *(added["id"] for added in description["added_tokens"])]
    return int(max(ids)) + 1


def _documents(folder: Path, part: str, vocabulary: int) -> list[NDArray[np.int64]]:
    tokens = np.fromfile(folder / f"{part}.tokens", dtype=token_type(vocabulary)).astype(np.int64)
    offsets = np.load(folder / f"{part}.offsets.npy")
    return [tokens[start:stop] for start, stop in itertools.pairwise(offsets)]
