"""Policies, decisions, outcomes and query counts on every store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from yunqi.commerce.experiments import (
    Decision,
    DecisionItem,
    Experiments,
    ExperimentsConfig,
    Policy,
    Slot,
    Stage,
    StageTrace,
)
from yunqi.commerce.search.store import QueryStore
from yunqi.kernel import Kernel, NewEvent


def made(kernel: Kernel, policy_id: str, *, days_ago: int = 0) -> Decision:
    items = (
        DecisionItem("p1", 1, 0.1 + 0.2, Slot.RANKED, 1.0, {"bm25": 3.25}),
        DecisionItem("纯牛奶", 2, -1e-30, Slot.EXPLORATION, 1 / 90, {}),
    )
    return Decision(
        id=str(kernel.store.new_id()), surface="contract", policy_id=policy_id,
        at=kernel.clock() - timedelta(days=days_ago), subject="Ann", items=items, seq=42, features=bytes(range(256)),
        query="牛奶 '; --", context={"now": 1}, stages=(StageTrace("rank", 9, 2, 0.5),), took_ms=1.5,
    )  # fmt: skip


def policy(kernel: Kernel) -> Policy:
    return Policy(
        id="", surface="contract", version=0, stage=Stage.CANDIDATE, kind="linear", features=("a",),
        features_version=1, created_at=kernel.clock(), parameters={"a": 1.5}, metrics={"ndcg": 0.1 + 0.2},
    )  # fmt: skip


@pytest.fixture
def experiments(kernel: Kernel) -> Experiments:
    return Experiments(kernel, ExperimentsConfig(flush_ms=5))


def test_decisions_come_back_exactly_and_old_ones_go(kernel: Kernel, experiments: Experiments) -> None:
    new, old = made(kernel, "contract-1"), made(kernel, "contract-1", days_ago=400)
    for decision in (old, new):
        experiments.record(decision)
    assert experiments.decision(new.id) == new
    assert experiments.decision(old.id) == old
    assert experiments.prune() == 1
    assert [found.id for found in experiments.decisions(surface="contract")] == [new.id]
    experiments.close()


def test_policies_are_versioned_promoted_and_compared_byte_by_byte(kernel: Kernel, experiments: Experiments) -> None:
    first, second = experiments.register(policy(kernel)), experiments.register(policy(kernel))
    assert (first.stage, second.stage) == (Stage.PRODUCTION, Stage.CANDIDATE)
    experiments.promote(second.id)
    assert experiments.policy(first.id).stage is Stage.RETIRED
    assert experiments.policies(surface="contract", stage=Stage.PRODUCTION) == [replace(second, stage=Stage.PRODUCTION)]
    assert experiments.policies(surface="Contract") == []


def test_outcomes_are_written_once_however_often_they_are_delivered(kernel: Kernel, experiments: Experiments) -> None:
    decision = made(kernel, experiments.register(policy(kernel)).id)
    experiments.record(decision)
    experiments.flush()
    payload = f'{{"items":[{{"item_id":"p1"}},{{"item_id":"P1"}}],"attribution_token":"{decision.id}"}}'.encode()
    with kernel.store.begin() as tx:
        event = NewEvent("default", "add_to_cart", f"cite-{decision.id}", kernel.clock(), "Ann", payload)
        (seq,) = kernel.events.append(tx, [event]).appended
    found = kernel.events.read(seq - 1, 1)
    for _ in range(2):
        with kernel.store.begin():
            experiments._learn(found)
    assert [outcome.product_id for outcome in experiments.explain(decision.id).outcomes] == ["P1", "p1"]


def test_queries_are_counted(kernel: Kernel) -> None:
    queries = QueryStore(kernel.store)
    for counts in ({"milk": 2, "Milk": 1, "牛奶": 5, "x" * 191: 3, "": 4}, {"milk": 1}):
        with kernel.store.begin() as tx:
            queries.add(tx, "contract", counts, 1)
    with kernel.store.read() as tx:
        assert queries.top(tx, "contract", 9) == [("牛奶", 5), ("milk", 3), ("Milk", 1)]
