"""Baselines and metrics are what the papers say."""

import math

import numpy as np
import pytest

from yunqi.cloud.training.engine.metrics import (
    difference,
    fits_schema,
    mean_score,
    ndcg,
    perplexity_scores,
    recall,
    same_answer,
    same_call,
    same_fields,
)
from yunqi.cloud.training.engine.ngram import KneserNey
from yunqi.cloud.training.engine.overlap import chrf, label_tree
from yunqi.cloud.training.engine.safety import PAIRS, leaks
from yunqi.cloud.training.engine.tfidf import LinearClassifier, TfIdf


@pytest.mark.parametrize("order", [1, 2, 3])
def test_kneser_ney_gives_probabilities_that_sum_to_one(order: int) -> None:
    random = np.random.default_rng(0)
    documents = [random.zipf(1.5, 30).clip(max=19) for _ in range(40)]
    model = KneserNey(documents, order=order, vocabulary=20)
    before = documents[0][:4]
    total = sum(math.exp(model.log_likelihood(np.append(before, word))[-1]) for word in range(20))
    assert total == pytest.approx(1.0, abs=1e-9)


def test_kneser_ney_prefers_words_that_follow_many_others() -> None:
    documents = [np.asarray([1, 9]), np.asarray([2, 9]), np.asarray([3, 9]), *[np.asarray([4, 8])] * 5]
    model = KneserNey(documents, order=2, vocabulary=10)
    after_unseen = [model.log_likelihood(np.asarray([7, word]))[1] for word in (9, 8)]
    assert after_unseen[0] > after_unseen[1]


def test_a_higher_order_explains_a_regular_text_better() -> None:
    documents = [np.asarray([1, 2, 3, 1, 2, 4] * 5) for _ in range(5)]
    nats = [-KneserNey(documents, order=n, vocabulary=5).log_likelihood(documents[0]).mean() for n in (1, 2, 3, 4)]
    assert nats == sorted(nats, reverse=True)


def test_tf_idf_finds_the_text_with_the_rare_word_and_classifies() -> None:
    texts = ["red apple juice", "green apple juice", "black coffee beans", "white coffee cup"]
    assert TfIdf(texts).nearest(["apples, red", "cup of coffee"]).tolist() == [0, 3]
    classifier = LinearClassifier(texts, ["juice", "juice", "coffee", "coffee"])
    assert classifier.predict(["apple", "coffees"]) == ["juice", "coffee"]


def test_intervals_hold_the_value_and_shrink_with_examples() -> None:
    few, many = mean_score("t", "m", [0, 1] * 10), mean_score("t", "m", [0, 1] * 1000)
    assert few.low < few.value == many.value == 0.5 < few.high
    assert many.high - many.low < few.high - few.low
    value, low, high = difference([1, 1, 1, 0], [0, 0, 1, 0])
    assert (value, low >= 0, high <= 1) == (0.5, True, True)


def test_perplexities_compare_across_tokenizers() -> None:
    scores = {s.metric: s.value for s in perplexity_scores("t", [10.0, 20.0], [5, 10], [4, 6], [20, 40])}
    assert scores["token_perplexity"] == pytest.approx(math.exp(2))
    assert scores["word_perplexity"] == pytest.approx(math.exp(3))
    assert scores["bits_per_byte"] == pytest.approx(0.5 / math.log(2))


def test_answers_are_compared_by_rule() -> None:
    assert same_answer(" a  b\n", "a b") == 1.0
    assert same_fields('{"a": 1, "b": 2}', '{"a": 1, "c": 3}') == (1, 2, 2)
    assert same_fields("no json", '{"a": 1}') == (0, 0, 1)
    call = {"name": "find", "arguments": {"q": "milk"}}
    assert same_call('<tool_call>\n{"name": "find", "arguments": {"q": "milk"}}\n</tool_call>', call) == 1.0
    assert same_call('{"name": "find", "arguments": {"q": "tea"}}', call) == 0.0
    assert same_call("nothing", call) == 0.0


def test_chrf_is_the_mean_f2_of_character_grams() -> None:
    assert chrf("ab cd", "abcd") == 1.0
    assert chrf("", "abc") == chrf("xyz", "abc") == 0.0
    # one letter of two: precision and recall of 1-grams 1/2, of 2-grams 0
    assert chrf("ab", "ac") == pytest.approx(0.25)
    # half of the wanted text, nothing wrong: recall counts twice as much as precision
    assert chrf("ab", "abcd") < chrf("abcd", "ab")


def test_labels_that_begin_alike_share_their_nodes() -> None:
    tree = label_tree([[1, 2, 9], [1, 3, 9], [4, 9]])
    assert [[tree.tokens[node] for node in path] for path in tree.paths] == [[1, 2, 9], [1, 3, 9], [4, 9]]
    assert tree.paths[0][0] == tree.paths[1][0] != tree.paths[2][0]
    assert len(tree.tokens) == 7
    assert all(parent < node for node, parent in enumerate(tree.parents))
    assert [tree.depths[node] for node in tree.paths[1]] == [0, 1, 2]


def test_a_linear_classifiers_likelihoods_are_a_distribution_over_its_labels() -> None:
    model = LinearClassifier(["red apple", "green pear", "blue shirt"], ["fruit", "fruit", "clothes"])
    found = model.log_likelihoods(["apple", "shirt"])
    assert np.exp(found).sum(1) == pytest.approx([1.0, 1.0])
    assert (
        [model.labels[place] for place in found.argmax(1)] == model.predict(["apple", "shirt"]) == ["fruit", "clothes"]
    )


def test_rankings() -> None:
    assert ndcg([2, 0, 1], {2}) == 1.0
    assert ndcg([0, 2, 1], {2}) == pytest.approx(1 / math.log2(3))
    assert recall([0, 1, 2], {2, 9}, depth=3) == 0.5


def test_schemas_of_the_plain_kind() -> None:
    schema = {
        "type": "object", "required": ["a"], "additionalProperties": False,
        "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"enum": ["x", "y"]}}},
    }  # fmt: skip
    assert fits_schema({"a": 1, "b": ["x"]}, schema)
    assert not any(
        fits_schema(v, schema) for v in ({}, {"a": "1"}, {"a": True}, {"a": 1, "c": 2}, {"a": 1, "b": ["z"]}, [])
    )


def test_the_safety_set_knows_personal_data_and_holds_no_pair_twice() -> None:
    assert leaks("write to ann@example.org")
    assert leaks("4111 1111 1111 1111")
    assert not leaks("size 12, 5 stars, 100 % cotton")
    assert len({pair.prompt for pair in PAIRS}) == len(PAIRS) == 14
