from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from yunqi.commerce.experiments import Slot, Stage
from yunqi.commerce.ranking import NothingToLearn, Ranking, UnknownSurface

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def habits(shop: Any, days: int, people: int = 30) -> None:
    """Let each shopper buy their own product of each type every week, and now and then another."""
    rng = np.random.default_rng(1)
    for day in range(days, 0, -7):
        for person in range(people):
            basket = [f"p{kind * 20 + (person * 7 + kind) % 20}" for kind in range(4)] + [f"p{rng.integers(0, 120)}"]
            shop.happen("purchase", f"u{person}", sorted(set(basket)), NOW - timedelta(days=day, minutes=person))


def test_replayed_features_equal_the_logged_ones_bit_by_bit(shop: Any) -> None:
    shop.feed()
    habits(shop, 60)
    shop.live()
    for step in range(8):
        shop.recommend.home("u3")
        shop.recommend.basket(f"u{step}", ["p1", "p22"])
        shop.search.find("milk", subject="u5")
        shop.happen("view_item", "u3", [f"p{step}"], NOW - timedelta(minutes=30 - step))
        shop.happen("purchase", "u5", [f"p{step + 40}", "p7"], NOW - timedelta(minutes=20 - step))
    decisions = [shop.experiments.decision(found.id) for found in shop.experiments.decisions(limit=500)]
    assert len(decisions) >= 32
    assert len({decision.seq for decision in decisions}) == 8
    found = shop.ranking.verify(decisions)
    assert (found.checked, found.different) == (len(decisions), ())


def test_verification_notices_a_log_that_was_tampered_with(shop: Any) -> None:
    shop.feed()
    habits(shop, 30)
    shop.live()
    answer = shop.recommend.strip("again", "u3")
    decision = shop.experiments.decision(answer.decision_id)
    assert shop.ranking.verify([decision]).different == ()
    with shop.kernel.store.begin() as tx:
        tx.exec_driver_sql(
            "UPDATE kernel_events SET at = at - 86400000000 WHERE seq = (SELECT MIN(seq) FROM kernel_events WHERE subject = 'u3')"
        )
    assert shop.ranking.verify([decision]).different == (decision.id,)


def test_an_answer_is_logged_with_everything_it_showed(shop: Any) -> None:
    shop.feed()
    habits(shop, 30)
    shop.live()
    answer = shop.recommend.strip("for_you", "u3")
    decision = shop.experiments.decision(answer.decision_id)
    assert [item.product_id for item in decision.items] == [card.id for card in answer.items]
    assert [item.position for item in decision.items] == list(range(1, 13))
    explored = [item for item in decision.items if item.slot is Slot.EXPLORATION]
    assert [item.position for item in explored] == [8]
    assert 0 < explored[0].propensity < 0.1
    assert {stage.name for stage in decision.stages} >= {"recall:again", "gather", "features", "rank", "arrange"}
    reason = shop.ranking.explain(answer.decision_id)
    first = reason.items[0]
    assert first.title.split()[0] in shop.TYPES
    assert sum(first.contributions.values()) == pytest.approx(first.item.score, rel=1e-4)


def test_a_restart_goes_on_from_the_snapshot(shop: Any) -> None:
    shop.feed()
    habits(shop, 30)
    shop.live()
    shop.ranking.snapshot()
    shop.happen("view_item", "u3", ["p99"], NOW)
    again = Ranking(shop.kernel, shop.config, catalog=shop.catalog, experiments=shop.experiments)
    assert again.start() == 1
    left, right = shop.ranking.live.state.arrays(), again.live.state.arrays()
    sizes = {name: min(len(left[name]), len(right[name])) for name in left}
    assert [name for name in left if left[name][: sizes[name]].tobytes() != right[name][: sizes[name]].tobytes()] == []
    again.close()


def test_a_damaged_or_foreign_snapshot_is_left_aside(shop: Any) -> None:
    shop.feed()
    habits(shop, 14, people=3)
    path = shop.kernel.config.data_dir / "ranking" / "state-default.npz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not a snapshot")
    assert shop.ranking.live.start() == 6


def test_training_registers_a_policy_with_held_out_figures_and_serves_it_when_it_wins(shop: Any) -> None:
    shop.feed()
    habits(shop, 196)
    shop.live()
    policy = shop.ranking.train("for_you")
    assert (policy.kind, policy.version, policy.training.seed) == ("boosted", 1, 7)
    assert policy.metrics["valid_questions"] == policy.metrics["test_questions"] == 30
    assert 0.5 < policy.metrics["test_ndcg_10"] <= 1
    assert policy.training.until < NOW - timedelta(days=27)
    assert policy.stage is Stage.PRODUCTION
    answer = shop.recommend.strip("for_you", "u3")
    assert answer.policy_id == policy.id
    own = {f"p{kind * 20 + (21 + kind) % 20}" for kind in range(4)}
    assert own <= {card.id for card in answer.items[:6]}
    reason = shop.ranking.explain(answer.decision_id)
    assert any(reason.items[0].contributions.values())


def test_training_says_when_there_is_too_little(shop: Any) -> None:
    shop.feed()
    with pytest.raises(NothingToLearn, match="import events first"):
        shop.ranking.train("for_you")
    habits(shop, 14, people=2)
    with pytest.raises(NothingToLearn, match="Import more history"):
        shop.ranking.train("for_you")
    with pytest.raises(UnknownSurface):
        shop.ranking.train("nowhere")
    assert shop.experiments.policies() == []


def test_promotion_by_another_process_is_taken_over(shop: Any) -> None:
    shop.feed()
    habits(shop, 14, people=2)
    shop.live()
    assert shop.recommend.strip("again", "u1").policy_id == "again-1"
    spec = next(surface for surface in shop.ranking.surfaces() if surface.name == "again")
    shop.experiments.promote(shop.ranking.policies.by_hand(spec).id)
    assert shop.recommend.strip("again", "u1").policy_id == "again-2"
