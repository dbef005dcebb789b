"""Evaluates a model on held-out tasks; each task gives scores with intervals."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from yunqi.cloud.training.engine.learning.losses import hidden_states
from yunqi.cloud.training.engine.metrics import (
    mean_score,
    ndcg,
    perplexity_scores,
    recall,
    same_answer,
    same_call,
    same_fields,
)
from yunqi.cloud.training.engine.overlap import chrf, label_tree
from yunqi.cloud.training.engine.safety import PAIRS, leaks
from yunqi.cloud.training.engine.tfidf import LinearClassifier
from yunqi.cloud.training.model import DataBroken, Score, Suite
from yunqi.cloud.training.service.reading import resolve, rows, text_of
from yunqi.cloud.training.service.worker.answers import answer, label_likelihoods
from yunqi.cloud.training.service.worker.tokens import Writer

Row = tuple[int, dict[str, Any]]

_BATCH = 16
_MOST_LABELS = 600  # more would take a linear classifier minutes
_PENALTY = 1e-6  # of its weights; chosen on the demo's checks


class Evaluator:
    """Scores one model.

    Parameters
    ----------
    folder
        Where the suites' relative paths start.
    progress
        Called with the task's name, examples done, and in all.
    """

    def __init__(
        self, model: Any, writer: Writer, *, folder: str, seed: int, progress: Callable[[str, int, int], None],
        context: int,
    ) -> None:  # fmt: skip
        self._model = model.eval()
        self._writer = writer
        self._folder = folder
        self._seed = seed
        self._progress = progress
        self._context = context

    def score(self, suite: Suite) -> list[Score]:
        """Return a suite's scores.

        Raises
        ------
        DataBroken
            At an example that the task cannot use.
        """
        if suite.task == "safety":
            return self._safety(suite)
        path = resolve(suite.path, self._folder)
        examples = list(rows(path, limit=suite.limit))
        if not examples:
            raise DataBroken(f"{path} holds no example.")
        self._progress(suite.title, 0, len(examples))
        task = {
            "perplexity": self._perplexity, "choice": self._choice, "generation": self._generation,
            "tools": self._tools, "retrieval": self._retrieval, "rerank": self._rerank,
        }[suite.task]  # fmt: skip
        with torch.no_grad():
            return task(suite, path, examples)

    def answers(self, prompts: list[str], *, tokens: int) -> list[str]:
        """Return the greedy answer to each prompt."""
        writer = self._writer
        asked = [writer.chat([{"role": "user", "content": prompt}], open_turn=True)[0] for prompt in prompts]
        found = answer(self._model, asked, tokens=tokens, ends=[writer.turn_end, writer.end], padding=writer.end)
        return [writer.decode(ids) for ids in found]

    def likelihoods(self, pairs: list[tuple[list[int], list[int]]]) -> list[tuple[float, int]]:
        """Return the log likelihood of each continuation after its beginning, and how many tokens it has."""
        found: list[tuple[float, int]] = [(0.0, 0)] * len(pairs)
        order = sorted(range(len(pairs)), key=lambda number: len(pairs[number][0]) + len(pairs[number][1]))
        for start in range(0, len(order), _BATCH):
            numbers = order[start : start + _BATCH]
            for number, value in zip(numbers, self._batch([pairs[n] for n in numbers]), strict=True):
                found[number] = value
        return found

    def _batch(self, pairs: list[tuple[list[int], list[int]]]) -> list[tuple[float, int]]:
        rows_ = [(head + tail)[-self._context - 1 :] for head, tail in pairs]
        counts = [min(len(tail), len(row) - 1) for (_, tail), row in zip(pairs, rows_, strict=True)]
        longest = max(map(len, rows_))
        ids = torch.full((len(rows_), longest), self._writer.end)
        for number, row in enumerate(rows_):
            ids[number, : len(row)] = torch.tensor(row)
        hidden = hidden_states(self._model, ids[:, :-1])
        found = []
        for number, (row, count) in enumerate(zip(rows_, counts, strict=True)):
            span = slice(len(row) - 1 - count, len(row) - 1)
            logits = self._model.lm_head(hidden[number, span]).float()
            loss = functional.cross_entropy(logits, ids[number, span.start + 1 : span.stop + 1], reduction="sum")
            found.append((-float(loss), count))
        return found

    def _perplexity(self, suite: Suite, path: Path, examples: list[Row]) -> list[Score]:
        writer = self._writer
        texts = [text_of(path, row, suite.field) for row in examples]
        nats, tokens = [], []
        for ids in writer.texts(texts):
            pieces = self.likelihoods(list(_pieces(ids, writer.end, self._context)))
            nats.append(-sum(value for value, _ in pieces))
            tokens.append(len(ids))
        words = [len(text.split()) + 1 for text in texts]
        sizes = [len(text.encode()) for text in texts]
        return perplexity_scores(suite.title, nats, tokens, words, sizes, seed=self._seed)

    def _choice(self, suite: Suite, path: Path, examples: list[Row]) -> list[Score]:
        right = []
        for number, values in examples:
            choices, wanted = values.get("choices"), values.get("answer")
            if not isinstance(choices, list) or not isinstance(wanted, int) or not 0 <= wanted < len(choices):
                raise DataBroken(
                    f"{path}, line {number}: choices (a list) and answer (the place of the right one) are needed."
                )
            head, _ = self._writer.chat(
                [{"role": "user", "content": text_of(path, (number, values), "prompt")}], open_turn=True
            )
            scored = self.likelihoods([(head, self._writer.encode(str(choice))) for choice in choices])
            normal = [value / max(1, count) for value, count in scored]
            right.append(float(max(range(len(choices)), key=normal.__getitem__) == wanted))
        return [mean_score(suite.title, "accuracy", right, seed=self._seed)]

    def _generation(self, suite: Suite, path: Path, examples: list[Row]) -> list[Score]:
        wanted = [text_of(path, row, "answer") for row in examples]
        found = self.answers([text_of(path, row, "prompt") for row in examples], tokens=suite.tokens)
        scores = [mean_score(suite.title, "exact_match", list(map(same_answer, found, wanted)), seed=self._seed)]
        if all(answer_.lstrip().startswith("{") for answer_ in wanted):
            fields = list(map(same_fields, found, wanted))
            f1 = [2 * same / max(1, have + want) for same, have, want in fields]
            scores.append(mean_score(suite.title, "field_f1", f1, seed=self._seed))
        else:
            scores.append(mean_score(suite.title, "chrf", list(map(chrf, found, wanted)), seed=self._seed))
        if suite.labels:
            scores += self._labelled(suite, [text_of(path, row, "prompt") for row in examples], wanted)
        return scores

    def _labelled(self, suite: Suite, prompts: list[str], wanted: list[str]) -> list[Score]:
        """Let the model choose among the labels alone, and then together with a linear classifier of their examples.

        The two together choose by the sum of their log likelihoods. A wanted answer that is no label counts as wrong.
        """
        place = resolve(suite.labels, self._folder)
        learned = list(rows(place))
        answers = [text_of(place, row, "answer") for row in learned]
        labels = sorted(set(answers))
        writer = self._writer
        tree = label_tree([*writer.encode(label), writer.turn_end] for label in labels)
        asked = [writer.chat([{"role": "user", "content": prompt}], open_turn=True)[0] for prompt in prompts]
        ours = label_likelihoods(self._model, asked, tree).log_softmax(1).numpy()
        right = _right(labels, ours, wanted)
        scores = [mean_score(suite.title, "label_accuracy", right, seed=self._seed)]
        if 1 < len(labels) <= _MOST_LABELS:
            linear = LinearClassifier([text_of(place, row, "prompt") for row in learned], answers, penalty=_PENALTY)
            theirs = linear.log_likelihoods(prompts)
            both = _right(labels, ours + theirs, wanted)
            gain = np.subtract(both, _right(labels, theirs, wanted)).tolist()
            scores.append(mean_score(suite.title, "label_accuracy_with_tfidf", both, seed=self._seed))
            scores.append(mean_score(suite.title, "gain_over_tfidf", gain, seed=self._seed))
        return scores

    def _tools(self, suite: Suite, path: Path, examples: list[Row]) -> list[Score]:
        found = self.answers([text_of(path, row, "prompt") for row in examples], tokens=suite.tokens)
        right = []
        for text, (number, values) in zip(found, examples, strict=True):
            if not isinstance(values.get("call"), dict):
                raise DataBroken(f'{path}, line {number}: call is needed, as {{"name": "...", "arguments": {{}}}}.')
            right.append(same_call(text, values["call"]))
        return [mean_score(suite.title, "tool_call_accuracy", right, seed=self._seed)]

    def _retrieval(self, suite: Suite, path: Path, examples: list[Row]) -> list[Score]:
        return self._ranked(suite, path, examples, self._by_vectors)

    def _rerank(self, suite: Suite, path: Path, examples: list[Row]) -> list[Score]:
        return self._ranked(suite, path, examples, self._by_likelihood)

    def _ranked(
        self, suite: Suite, path: Path, examples: list[Row], values_of: Callable[[str, list[str]], list[float]]
    ) -> list[Score]:
        gains, recalls = [], []
        for number, values in examples:
            documents, relevant = values.get("documents"), values.get("relevant")
            if not isinstance(documents, list) or not isinstance(relevant, list) or not relevant:
                raise DataBroken(f"{path}, line {number}: query, documents and relevant (their places) are needed.")
            found = values_of(text_of(path, (number, values), "query"), [str(text) for text in documents])
            ranking = sorted(range(len(found)), key=lambda place: (-found[place], place))
            gains.append(ndcg(ranking, set(relevant)))
            recalls.append(recall(ranking, set(relevant)))
        return [
            mean_score(suite.title, "ndcg@10", gains, seed=self._seed),
            mean_score(suite.title, "recall@10", recalls, seed=self._seed),
        ]

    def _by_vectors(self, query: str, documents: list[str]) -> list[float]:
        vectors = torch.stack([self._vector(text) for text in (query, *documents)])
        return (vectors[1:] @ vectors[0]).tolist()

    def _vector(self, text: str) -> Any:
        ids = torch.tensor([self._writer.encode(text)[: self._context] or [self._writer.end]])
        return functional.normalize(hidden_states(self._model, ids)[0].mean(0), dim=0)

    def _by_likelihood(self, query: str, documents: list[str]) -> list[float]:
        wanted = self._writer.encode(f"\n{query}")
        scored = self.likelihoods([([self._writer.end, *self._writer.encode(text)], wanted) for text in documents])
        return [value for value, _ in scored]

    def _safety(self, suite: Suite) -> list[Score]:
        prompts = [pair.prompt for pair in PAIRS]
        heads = [self._writer.chat([{"role": "user", "content": p}], open_turn=True)[0] for p in prompts]
        with torch.no_grad():
            safe = self.likelihoods([(h, self._writer.encode(p.safe)) for h, p in zip(heads, PAIRS, strict=True)])
            unsafe = self.likelihoods([(h, self._writer.encode(p.unsafe)) for h, p in zip(heads, PAIRS, strict=True)])
            texts = self.answers(prompts, tokens=suite.tokens)
        better = [float(a / max(1, n) > b / max(1, m)) for (a, n), (b, m) in zip(safe, unsafe, strict=True)]
        return [
            mean_score(suite.title, "safe_answer_preferred", better, seed=self._seed),
            mean_score(suite.title, "no_personal_data", [float(not leaks(text)) for text in texts], seed=self._seed),
        ]


def _right(labels: list[str], likelihoods: NDArray[np.float64], wanted: list[str]) -> list[float]:
    """Return for each row whether its likeliest label is the wanted one."""
    return [
        same_answer(labels[int(place)], answer_) for place, answer_ in zip(likelihoods.argmax(1), wanted, strict=True)
    ]


def _pieces(ids: list[int], end: int, context: int) -> Iterator[tuple[list[int], list[int]]]:
    """Cut a document into pieces that fit; the first follows the end mark, as in training."""
    whole = [end, *ids]
    for start in range(0, len(ids), context):
        piece = whole[start : start + context + 1]
        yield piece[:1], piece[1:]
