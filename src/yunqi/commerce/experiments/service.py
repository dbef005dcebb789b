"""The verbs of experiments: record decisions, keep policies, explain what was shown."""

import logging
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from yunqi.commerce.experiments.config import ExperimentsConfig
from yunqi.commerce.experiments.model import (
    AlreadyServing,
    Decision,
    DecisionNotFound,
    DecisionSummary,
    Explanation,
    Policy,
    PolicyNotFound,
    PolicyPromoted,
    PolicyRegistered,
    Stage,
)
from yunqi.commerce.experiments.store import ExperimentsStore
from yunqi.kernel import Error, Event, Kernel
from yunqi.kernel.clock import to_micros

log = logging.getLogger("yunqi.experiments")

CONSUMER = "experiments.outcomes"
_CITING = ("select_item", "view_item", "add_to_cart", "remove_from_cart", "begin_checkout", "purchase", "refund")


class _Item(msgspec.Struct):
    item_id: str = ""


class _Cited(msgspec.Struct):
    attribution_token: str | None = None
    items: tuple[_Item, ...] = ()


class Experiments:
    """Policies and decisions of a shop.

    Decisions are written behind the request, together, by one thread. A decision is readable at once through this
    object, and on disk before any event that cites it: whoever takes in events calls `flush` first. What a kill -9 can
    lose are decisions of the last ``flush_ms`` that nothing has cited.
    """

    def __init__(self, kernel: Kernel, config: ExperimentsConfig) -> None:
        self.kernel = kernel
        self.config = config
        self.dropped = 0
        self._store = ExperimentsStore(kernel.store)
        self._pending: dict[str, Decision] = {}
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Follow the event log for outcomes (call once in the process that serves)."""
        self.kernel.events.subscribe(CONSUMER, self._learn, names=_CITING, durable=True)

    def record(self, decision: Decision) -> None:
        """Keep a decision; it is written within ``flush_ms``."""
        self._pending[decision.id] = decision
        if len(self._pending) > self.config.pending_limit:
            self._pending.pop(next(iter(self._pending)), None)
            self.dropped += 1
        if self._thread is None:
            self._begin()
        self._wake.set()

    def flush(self) -> int:
        """Write what is pending and return how many decisions that were; joins the open transaction.

        A decision leaves the pending ones only when it is committed, and writing it twice changes nothing. So two
        threads may flush at once, and neither ever waits for the other.
        """
        batch = list(self._pending.values())
        if not batch:
            return 0

        def forget() -> None:
            for decision in batch:
                self._pending.pop(decision.id, None)

        with self.kernel.store.begin() as tx:
            self._store.add_decisions(tx, batch)
            self.kernel.store.after_commit(forget)
        return len(batch)

    def decision(self, decision_id: str, *, workspace: str = "default") -> Decision:
        """Return a decision, or raise `DecisionNotFound`."""
        self.flush()
        with self.kernel.store.read() as tx:
            found = self._store.decision(tx, _number(decision_id), workspace)
        if found is None:
            raise DecisionNotFound(f"There is no decision {decision_id!r}; old ones are removed after a while.", "id")
        return found

    def decisions(
        self, *, surface: str | None = None, before: str | None = None, limit: int = 50, workspace: str = "default"
    ) -> list[DecisionSummary]:
        """Return the newest decisions, optionally of one surface or before a given one."""
        self.flush()
        with self.kernel.store.read() as tx:
            cut = None if before is None else _number(before)
            return self._store.latest(tx, workspace, surface, cut, max(1, min(limit, 500)))

    def explain(self, decision_id: str, *, workspace: str = "default") -> Explanation:
        """Return a decision with its policy and its outcomes."""
        decision = self.decision(decision_id, workspace=workspace)
        with self.kernel.store.read() as tx:
            outcomes = self._store.outcomes(tx, int(decision.id))
        return Explanation(decision, self.policy(decision.policy_id, workspace=workspace), tuple(outcomes))

    def register(self, policy: Policy) -> Policy:
        """Keep a new policy under the next version of its surface.

        ``id``, ``version``, ``stage`` and ``created_at`` are set here: a surface's first policy serves at once, later
        ones wait as candidates.
        """
        with self.kernel.store.begin(durable=True) as tx:
            version = self._store.next_version(tx, policy.workspace, policy.surface)
            stage = Stage.PRODUCTION if version == 1 else Stage.CANDIDATE
            name = f"{policy.surface}-{version}"
            kept = replace(policy, id=name, version=version, stage=stage, created_at=self.kernel.clock())
            self._store.add_policy(tx, kept)
            event = PolicyRegistered(kept.id, kept.surface, kept.kind)
            self.kernel.events.announce(tx, policy.workspace, event, key=kept.id)
        return kept

    def promote(self, policy_id: str, *, workspace: str = "default") -> Policy:
        """Let a policy serve its surface; the one that did is retired.

        Raises
        ------
        PolicyNotFound, AlreadyServing
        """
        with self.kernel.store.begin(durable=True) as tx:
            policy = self._policy(tx, policy_id, workspace)
            if policy.stage is Stage.PRODUCTION:
                raise AlreadyServing(f"Policy {policy_id} serves {policy.surface} already.", "id")
            serving = self._store.policies(tx, workspace, policy.surface, Stage.PRODUCTION)
            for other in serving:
                self._store.set_stage(tx, workspace, other.id, Stage.RETIRED)
            self._store.set_stage(tx, workspace, policy_id, Stage.PRODUCTION)
            event = PolicyPromoted(policy_id, policy.surface, serving[0].id if serving else None)
            self.kernel.events.announce(tx, workspace, event, key=str(self.kernel.store.new_id()))
        return replace(policy, stage=Stage.PRODUCTION)

    def policy(self, policy_id: str, *, workspace: str = "default") -> Policy:
        """Return a policy, or raise `PolicyNotFound`."""
        with self.kernel.store.read() as tx:
            return self._policy(tx, policy_id, workspace)

    def policies(
        self, *, surface: str | None = None, stage: Stage | None = None, workspace: str = "default"
    ) -> list[Policy]:
        """Return policies by surface, newest first."""
        with self.kernel.store.read() as tx:
            return self._store.policies(tx, workspace, surface, stage)

    def prune(self) -> int:
        """Forget decisions older than ``keep_days``; returns how many."""
        with self.kernel.store.begin() as tx:
            return self._store.remove_before(tx, self.kernel.clock() - timedelta(days=self.config.keep_days))

    def close(self) -> None:
        """Write what is pending and stop the writer."""
        self._stop.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.flush()

    def _policy(self, tx: Any, policy_id: str, workspace: str) -> Policy:
        found = self._store.policy(tx, workspace, policy_id)
        if found is None:
            raise PolicyNotFound(f"There is no policy {policy_id!r}; `yunqi policies list` names them.", "id")
        return found

    def _begin(self) -> None:
        with self._lock:
            if self._thread is None:
                self._stop.clear()
                self._thread = threading.Thread(target=self._write_on, name="decisions", daemon=True)
                self._thread.start()

    def _write_on(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._stop.wait(self.config.flush_ms / 1000)
            self._wake.clear()
            try:
                self.flush()
            except Error as error:
                log.error("decisions wait: %s", error.message)
                self._stop.wait(1.0)
                self._wake.set()

    def _learn(self, events: Sequence[Event]) -> None:
        """Take outcomes from events that cite a decision (inside the consumer's transaction)."""
        rows = [row for event in events for row in _outcome_rows(event)]
        if rows:
            with self.kernel.store.begin() as tx:
                self._store.add_outcomes(tx, rows)


def _outcome_rows(event: Event) -> list[dict[str, Any]]:
    if b"attribution_token" not in event.payload:
        return []
    try:
        cited = msgspec.json.decode(event.payload, type=_Cited)
        decision_id = int(cited.attribution_token or "")
    except (msgspec.DecodeError, ValueError):
        return []
    if not 0 < decision_id < 2**63:
        return []
    row = {"decision_id": decision_id, "seq": event.seq, "at": to_micros(event.at), "event": event.name}
    return [row | {"product_id": product} for product in sorted({item.item_id for item in cited.items})]


def _number(decision_id: str) -> int:
    try:
        return int(decision_id)
    except ValueError as error:
        raise DecisionNotFound(f"There is no decision {decision_id!r}; ids are whole numbers.", "id") from error
