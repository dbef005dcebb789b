"""Text is cleaned as promised, and what a step sees follows from the seed and the step alone."""

import numpy as np
import pytest

from yunqi.cloud.training.engine.cleaning import Cleaner, normalise
from yunqi.cloud.training.engine.packing import IGNORED, Examples, Windows, repeats
from yunqi.cloud.training.model import Cleaning
from yunqi.kernel import Invalid

LONG = (
    "the quick brown fox jumps over the lazy dog near the old river bank while the sun sets behind the far green hills"
)


def test_normalising_keeps_words_and_removes_what_cannot_be_seen() -> None:
    assert normalise("e\u0301te\u0301\r\nzwei\x00\ufeff ") == "\u00e9t\u00e9\nzwei"


def test_exact_and_near_duplicates_and_held_out_text_are_held_back() -> None:
    near = LONG.replace("sets", "sinks")
    foreign = "this sentence of exactly fourteen words must never be seen while the model is trained"
    documents = [LONG, LONG.upper() + "  ", near, f"before it. {foreign} after it.", "a different text about cloth", ""]
    cleaner = Cleaner(Cleaning(near=0.7), seed=1, heldout=[foreign])
    assert list(cleaner.clean(documents)) == [LONG, "a different text about cloth"]
    found = cleaner.removed
    assert (found.exact, found.near, found.contaminated, found.short) == (1, 1, 1, 1)


def test_cleaning_can_be_switched_off() -> None:
    cleaner = Cleaner(Cleaning(exact=False, near=0, contamination=0, normalise=False), seed=1, heldout=[LONG])
    assert list(cleaner.clean([LONG, LONG])) == [LONG, LONG]


def test_a_weight_repeats_documents_and_draws_the_rest_once() -> None:
    assert repeats(4, 2.0, seed=1).tolist() == [0, 1, 2, 3, 0, 1, 2, 3]
    half = repeats(10, 0.5, seed=1)
    assert len(half) == len(set(half.tolist())) == 5
    assert half.tolist() == repeats(10, 0.5, seed=1).tolist()


def test_windows_of_an_epoch_cover_the_text_once_and_differ_between_epochs() -> None:
    windows = Windows(np.arange(1000, dtype=np.uint16), 10, seed=3)
    inputs, targets = windows.at(0, windows.per_epoch)
    assert np.array_equal(targets[:, :-1], inputs[:, 1:])
    assert len(np.unique(inputs)) == inputs.size
    assert not np.array_equal(inputs, windows.at(windows.per_epoch, windows.per_epoch)[0])
    assert np.array_equal(windows.at(7, 2)[0], np.concatenate([windows.at(7, 1)[0], windows.at(8, 1)[0]]))
    with pytest.raises(Invalid, match="less than two sequences"):
        Windows(np.arange(10, dtype=np.uint16), 10, seed=3)


def test_examples_are_padded_and_only_marked_tokens_are_learned() -> None:
    examples = Examples(
        np.asarray([1, 2, 3, 4, 5, 6, 7], dtype=np.uint16), np.asarray([0, 1, 1, 0, 0, 0, 1], dtype=np.uint8),
        np.asarray([0, 3, 7]), sequence=8, seed=1, padding=0,
    )  # fmt: skip
    inputs, targets = examples.rows([0, 1])
    assert inputs.tolist() == [[1, 2, 0], [4, 5, 6]]
    assert targets.tolist() == [[2, 3, IGNORED], [IGNORED, IGNORED, 7]]
    assert sorted(examples.number(place, 1) for place in range(2)) == [0, 1]
