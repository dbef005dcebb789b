import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from yunqi.commerce.experiments import (
    MIGRATIONS,
    AlreadyServing,
    Decision,
    DecisionItem,
    DecisionNotFound,
    Experiments,
    ExperimentsConfig,
    Policy,
    PolicyNotFound,
    Slot,
    Stage,
    StageTrace,
)
from yunqi.kernel import Kernel, KernelConfig, NewEvent

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with Kernel.open(KernelConfig(data_dir=tmp_path), clock=lambda: NOW) as kernel:
        kernel.migrate(MIGRATIONS)
        yield kernel


@pytest.fixture
def experiments(kernel: Kernel) -> Iterator[Experiments]:
    made = Experiments(kernel, ExperimentsConfig(flush_ms=5))
    yield made
    made.close()


def policy(surface: str = "home") -> Policy:
    return Policy(
        id="", surface=surface, version=0, stage=Stage.CANDIDATE, kind="linear", features=("a", "b"),
        features_version=1, created_at=NOW, parameters={"a": 1.5}, metrics={"ndcg": 0.25},
    )  # fmt: skip


def decision(number: int = 7, **changes: object) -> Decision:
    items = (
        DecisionItem("p1", 1, 0.1 + 0.2, Slot.RANKED, 1.0, {"bm25": 3.25, "again": 1.0}),
        DecisionItem("p2", 2, -1.0, Slot.EXPLORATION, 1 / 90, {"bm25": 1.5}),
    )
    made = Decision(
        id=str(number), surface="home", policy_id="home-1", at=NOW, subject="ann", items=items, seq=42,
        features=bytes(range(32)), query="milk", context={"now": 1}, stages=(StageTrace("rank", 9, 2, 0.5),), took_ms=1.5,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def test_a_decision_comes_back_as_it_was_recorded(experiments: Experiments) -> None:
    experiments.record(decision())
    assert experiments.decision("7") == decision()


def test_decisions_are_written_without_anybody_asking(kernel: Kernel, experiments: Experiments) -> None:
    experiments.record(decision())
    experiments.close()
    assert Experiments(kernel, ExperimentsConfig()).decision("7") == decision()


def test_flush_joins_the_open_transaction_and_what_it_rolls_back_stays_pending(
    kernel: Kernel, experiments: Experiments
) -> None:
    quiet = Experiments(kernel, ExperimentsConfig(flush_ms=60_000))
    quiet.record(decision())
    with pytest.raises(RuntimeError), kernel.store.begin():
        assert quiet.flush() == 1
        raise RuntimeError
    with pytest.raises(DecisionNotFound):
        experiments.decision("7")
    with kernel.store.begin():
        assert quiet.flush() == 1
    assert experiments.decision("7") == decision()
    quiet.close()


def test_lists_are_newest_first_and_paged(experiments: Experiments) -> None:
    for number in (1, 2, 3):
        experiments.record(decision(number, surface="home" if number < 3 else "search"))
    assert [found.id for found in experiments.decisions()] == ["3", "2", "1"]
    assert [found.id for found in experiments.decisions(surface="home")] == ["2", "1"]
    assert [found.id for found in experiments.decisions(before="2")] == ["1"]
    assert experiments.decisions()[0].items == 2


@pytest.mark.parametrize("unknown", ["8", "x", ""])
def test_an_unknown_decision_is_not_found(experiments: Experiments, unknown: str) -> None:
    with pytest.raises(DecisionNotFound):
        experiments.decision(unknown)


def test_a_full_buffer_drops_the_oldest_and_counts_them(kernel: Kernel) -> None:
    small = Experiments(kernel, ExperimentsConfig(flush_ms=60_000, pending_limit=2))
    for number in (1, 2, 3):
        small.record(decision(number))
    assert small.dropped == 1
    assert [found.id for found in small.decisions()] == ["3", "2"]
    small.close()


def test_a_surfaces_first_policy_serves_and_promotion_retires_the_one_before(experiments: Experiments) -> None:
    first, second = experiments.register(policy()), experiments.register(policy())
    assert (first.id, first.stage, second.id, second.stage) == ("home-1", Stage.PRODUCTION, "home-2", Stage.CANDIDATE)
    assert experiments.promote("home-2").stage is Stage.PRODUCTION
    assert {found.id: found.stage for found in experiments.policies()} == {
        "home-1": Stage.RETIRED,
        "home-2": Stage.PRODUCTION,
    }
    assert experiments.policy("home-2") == replace(second, stage=Stage.PRODUCTION)


def test_promoting_what_serves_or_is_not_there_changes_nothing(kernel: Kernel, experiments: Experiments) -> None:
    experiments.register(policy())
    before = (experiments.policies(), kernel.events.head())
    with pytest.raises(AlreadyServing):
        experiments.promote("home-1")
    with pytest.raises(PolicyNotFound):
        experiments.promote("home-9")
    assert (experiments.policies(), kernel.events.head()) == before


def test_outcomes_are_what_cites_the_decision(kernel: Kernel, experiments: Experiments) -> None:
    experiments.start()
    experiments.register(policy())
    experiments.record(decision())
    payloads = [
        b'{"items":[{"item_id":"p2"},{"item_id":"p1"}],"attribution_token":"7"}',
        b'{"items":[{"item_id":"p3"}],"attribution_token":"8"}',
        b'{"items":[{"item_id":"p4"}],"attribution_token":"not a number"}',
        b'{"items":[{"item_id":"p5"}]}',
    ]
    with kernel.store.begin() as tx:
        kernel.events.append(
            tx, [NewEvent("default", "add_to_cart", f"m{i}", NOW, "ann", payload) for i, payload in enumerate(payloads)]
        )
    kernel.events.pump()
    kernel.events.pump()
    outcomes = experiments.explain("7").outcomes
    assert [(outcome.event, outcome.product_id) for outcome in outcomes] == [
        ("add_to_cart", "p1"),
        ("add_to_cart", "p2"),
    ]
    assert kernel.events.failures() == {}


def test_old_decisions_can_be_removed(experiments: Experiments) -> None:
    experiments.record(decision(1, at=datetime(2025, 1, 1, tzinfo=UTC)))
    experiments.record(decision(2))
    experiments.flush()
    assert experiments.prune() == 1
    assert [found.id for found in experiments.decisions()] == ["2"]


def test_a_flushed_decision_outlives_kill_9(tmp_path: Path) -> None:
    code = """
        import sys, time
        from pathlib import Path
        sys.path.insert(0, {here!r})
        from test_decisions import decision
        from yunqi.commerce.experiments import MIGRATIONS, Experiments, ExperimentsConfig
        from yunqi.kernel import Kernel, KernelConfig
        kernel = Kernel.open(KernelConfig(data_dir=Path({folder!r})))
        kernel.migrate(MIGRATIONS)
        experiments = Experiments(kernel, ExperimentsConfig(flush_ms=60_000))
        experiments.record(decision(1)); experiments.flush(); experiments.record(decision(2))
        print("flushed", flush=True)
        time.sleep(60)
    """
    code = textwrap.dedent(code).format(here=str(Path(__file__).parent), folder=str(tmp_path / "data"))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ.copy()) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == b"flushed"
        child.send_signal(signal.SIGKILL)
    with Kernel.open(KernelConfig(data_dir=tmp_path / "data")) as kernel:
        found = Experiments(kernel, ExperimentsConfig()).decisions()
    assert [summary.id for summary in found] == ["1"]
