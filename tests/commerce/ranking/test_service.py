from concurrent.futures import ThreadPoolExecutor
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
    events = []
    for day in range(days, 0, -7):
        for person in range(people):
            basket = [f"p{kind * 20 + (person * 7 + kind) % 20}" for kind in range(4)] + [f"p{rng.integers(0, 120)}"]
            at = NOW - timedelta(days=day, minutes=person)
            events.append(shop.event("purchase", f"u{person}", sorted(set(basket)), at))
    for start in range(0, len(events), 100):
        shop.activity.record(events[start : start + 100])


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


def test_features_replay_after_a_visitor_signs_in_and_prices_change(shop: Any) -> None:
    from yunqi.commerce.activity import Item, Properties, SegmentEvent

    shop.feed()
    habits(shop, 30, people=5)
    shop.live()
    stamp = NOW.isoformat().replace("+00:00", "Z")
    bought = Properties(items=(Item(item_id="p50", price=2.0),))
    common: dict[str, Any] = {"anonymousId": "visitor-1", "timestamp": stamp}
    shop.activity.record([SegmentEvent(event="purchase", messageId="a", properties=bought, **common)])
    assert [card.id for card in shop.recommend.strip("again", "visitor-1").items] == ["p50"]
    shop.activity.record([SegmentEvent(type="identify", messageId="b", userId="u3", **common)])
    assert "p50" in [card.id for card in shop.recommend.strip("again", "u3", size=50).items]
    shop.feed({f"p{number}": {"price": "9.99 USD"} for number in range(60)})
    answer = shop.recommend.strip("for_you", "u3")
    assert "PriceChanged" in {event.name for event in shop.kernel.events.replay()}
    price = shop.ranking.explain(answer.decision_id).items[0]
    decisions = [shop.experiments.decision(found.id) for found in shop.experiments.decisions(limit=500)]
    assert len(decisions) == 3
    assert shop.ranking.verify(decisions).different == ()
    assert price.features["price"] > 0


def test_features_replay_when_answers_and_events_race(shop: Any) -> None:
    shop.feed()
    habits(shop, 30, people=8)
    shop.live()
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(shop.recommend.home, f"u{number % 8}") for number in range(40)]
        for number in range(60):
            shop.happen("purchase", f"u{number % 8}", [f"p{number}", "p1"], NOW - timedelta(minutes=100 - number))
            answers.append(pool.submit(shop.search.find, "milk", subject=f"u{number % 8}"))
        for answer in answers:
            answer.result()
    decisions = [shop.experiments.decision(found.id) for found in shop.experiments.decisions(limit=500)]
    assert len({decision.seq for decision in decisions}) > 5
    assert len(decisions) > 100
    assert shop.ranking.verify(decisions).different == ()


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


def fads(shop: Any, days: int, people: int) -> None:
    """Let each shopper buy one product every day for four weeks, then another one, and the first never again."""
    for person in range(people):
        for day in range(days, 0, -1):
            product = f"p{60 + (person * 5 + (day - 1) // 28) % 60}"
            shop.happen("purchase", f"u{person}", [product], NOW - timedelta(days=day - 1, hours=1, minutes=person))


@pytest.mark.slow
def test_training_registers_a_policy_with_held_out_figures_and_serves_it_when_it_wins(shop: Any) -> None:
    shop.feed()
    habits(shop, 196, people=15)
    fads(shop, 196, people=15)  # frequency is led astray by what was bought daily and is over
    shop.live()
    policy = shop.ranking.train("for_you")
    assert (policy.id, policy.kind, policy.training.seed) == ("for_you-2", "boosted", 7)
    assert policy.metrics["valid_questions"] == policy.metrics["test_questions"] == 15
    assert policy.metrics["valid_gain_low"] > 0, policy.metrics
    assert policy.metrics["test_ndcg_10"] > policy.metrics["test_baseline_ndcg_10"]
    assert policy.training.until < NOW - timedelta(days=27)
    assert policy.stage is Stage.PRODUCTION
    answer = shop.recommend.strip("for_you", "u3")
    assert answer.policy_id == policy.id
    assert any(shop.ranking.explain(answer.decision_id).items[0].contributions.values())


def test_a_trained_policy_that_does_not_win_waits_as_a_candidate(shop: Any) -> None:
    shop.feed()
    habits(shop, 196)  # frequency alone orders this perfectly: nothing can be won
    shop.live()
    policy = shop.ranking.train("for_you")
    assert policy.metrics["valid_gain_low"] <= 0
    assert (policy.id, policy.stage) == ("for_you-2", Stage.CANDIDATE)
    assert shop.recommend.strip("for_you", "u1").policy_id == "for_you-1"
    assert shop.ranking.is_trained("for_you")
    assert not shop.ranking.is_trained("basket")


def test_training_says_when_there_is_too_little(shop: Any) -> None:
    shop.feed()
    with pytest.raises(NothingToLearn, match="import events first"):
        shop.ranking.train("for_you")
    habits(shop, 14, people=2)
    with pytest.raises(NothingToLearn, match="Import more history"):
        shop.ranking.train("for_you")
    with pytest.raises(UnknownSurface):
        shop.ranking.train("nowhere")
    assert [policy.kind for policy in shop.experiments.policies()] == ["linear"]
    assert not shop.ranking.is_trained("for_you")


def test_promotion_by_another_process_is_taken_over(shop: Any) -> None:
    shop.feed()
    habits(shop, 14, people=2)
    shop.live()
    assert shop.recommend.strip("again", "u1").policy_id == "again-1"
    spec = next(surface for surface in shop.ranking.surfaces() if surface.name == "again")
    shop.experiments.promote(shop.ranking.policies.by_hand(spec).id)
    assert shop.recommend.strip("again", "u1").policy_id == "again-2"
