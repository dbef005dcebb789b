"""HS classification with a person in the loop: what is loaded, suggested, waiting, decided and disputed."""

import importlib
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from typing import Any

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.model.nomenclature import BadCode, Nomenclature, Suggestion
from yunqi.commerce.logistics.store import CustomsStore
from yunqi.commerce.logistics.store.customs import precedent
from yunqi.kernel import Invalid, Kernel, NotFound
from yunqi.kernel.clock import from_micros, iso, to_micros

KEPT_RANKERS = 4
LONGEST_TEXT = 2_000
FRESH = 1.1
"""Calibrations are made anew when there are a tenth more decisions."""


class Classifier:
    """HS codes of products, workspace by workspace.

    Parameters
    ----------
    kernel
        The ground floor.
    config
        The settings of the domain.
    """

    def __init__(self, kernel: Kernel, config: LogisticsConfig) -> None:
        self._kernel = kernel
        self._config = config
        self._customs = CustomsStore(kernel.store)
        self._rankers: OrderedDict[tuple[str, str], tuple[int, Any]] = OrderedDict()
        self._nomenclatures: OrderedDict[tuple[str, str], Nomenclature] = OrderedDict()

    def load(self, text: str, *, version: str, source: str, workspace: str, who: str) -> Nomenclature:
        """Load a version of a nomenclature from CSV text; it is in force from now on."""
        reading = importlib.import_module("yunqi.commerce.logistics.engine.customs.nomenclature")
        found: Nomenclature = reading.read_nomenclature(text, version=version.strip(), source=source.strip())
        self._customs.load(found, workspace=workspace, who=who, now=to_micros(self._kernel.clock()))
        return found

    def versions(self, *, workspace: str) -> list[dict[str, Any]]:
        """Return what is loaded, the one in force first."""
        rows = self._customs.versions(workspace=workspace)
        return [row | {"loaded_at": iso(from_micros(row["loaded_at"]))} for row in rows]

    def classify(self, text: str, *, top: int = 5, version: str | None = None, workspace: str) -> Suggestion:
        """Return the likeliest codes of a text, with reasons.

        Raises
        ------
        Invalid
            The text is empty or too long, or ``top`` out of range.
        NotFound
            No nomenclature is loaded.
        """
        return self.classify_all([("", text)], top=top, version=version, workspace=workspace, queue=False)[0]

    def classify_all(
        self,
        products: Sequence[tuple[str, str]],
        *,
        top: int = 5,
        version: str | None = None,
        workspace: str,
        queue: bool = True,
    ) -> list[Suggestion]:
        """Classify products (id, text); with ``queue`` those without an answer wait for a person."""
        for row, (name, text) in enumerate(products, 1):
            if not text.strip() or len(text) > LONGEST_TEXT:
                raise Invalid(f"product {name or row}: the text must have 1 to {LONGEST_TEXT} signs", "text")
            if queue and not 0 < len(name.strip()) <= 190:
                raise Invalid(f"row {row}: a product that may wait for a person needs an id of at most 190 signs", "id")
        if not 1 <= top <= 50:
            raise Invalid("top must be from 1 to 50", "top")
        ranker = self._ranker(version, workspace)
        suggesting = importlib.import_module("yunqi.commerce.logistics.engine.customs.suggest")
        threshold = self._config.hs_threshold
        found = [suggesting.suggest(ranker, text, top=top, threshold=threshold) for _, text in products]
        if queue:
            waiting = [
                _question(name, one) for (name, _), one in zip(products, found, strict=True) if one.answer is None
            ]
            self._customs.ask(waiting, workspace=workspace, now=to_micros(self._kernel.clock()))
        return found

    def queue(self, *, workspace: str, limit: int = 100) -> list[dict[str, Any]]:
        """Return the products that wait for a person, the least certain first."""
        if not 1 <= limit <= 10_000:
            raise Invalid("limit must be from 1 to 10,000", "limit")
        rows = self._customs.waiting(workspace=workspace, limit=limit)
        return [row | {"created_at": iso(from_micros(row["created_at"]))} for row in rows]

    def decide(
        self, product: str, code: str, *, who: str, why: str, text: str | None = None, workspace: str
    ) -> dict[str, Any]:
        """Keep a person's decision; it counts from now on, and nothing that was decided is ever deleted.

        Parameters
        ----------
        text
            The product's text; that of its question when it waits.

        Raises
        ------
        BadCode
            The nomenclature has no such declarable code.
        Invalid
            Nobody is named, or no reason.
        NotFound
            The product never waited and no text is given.
        """
        if not who.strip() or not why.strip():
            raise Invalid("a decision needs who made it and why", "why" if who.strip() else "who")
        asked = self._customs.question(product, workspace=workspace)
        if asked is None and not text:
            raise NotFound(f"product {product!r} has no question; give its text", "text")
        nomenclature = self._nomenclature(None, workspace)
        row = {
            "product": product, "text": text or (asked or {})["text"], "code": nomenclature.check(code),
            "version": nomenclature.version, "decided_by": who.strip(), "why": why.strip(),
            "suggested": (asked or {}).get("suggested", ""), "confidence": (asked or {}).get("confidence", 0.0),
        }  # fmt: skip
        (made,) = self._customs.decide([row], workspace=workspace, now=to_micros(self._kernel.clock()))
        return {"id": str(made)} | row | {"agrees": row["code"] == row["suggested"] if row["suggested"] else None}

    def decide_all(self, rows: Sequence[tuple[str, str, str]], *, who: str, why: str, workspace: str) -> int:
        """Keep decisions made elsewhere, as (product, text, code), all or none; return how many.

        Raises
        ------
        Invalid
            Names the row that is wrong; nothing is kept then.
        """
        if not who.strip() or not why.strip():
            raise Invalid("decisions need who made them and why", "why" if who.strip() else "who")
        nomenclature = self._nomenclature(None, workspace)
        seen: set[str] = set()
        made = []
        for number, (product, text, code) in enumerate(rows, 1):
            if not 0 < len(product.strip()) <= 190 or product in seen:
                raise Invalid(f"row {number}: id {product!r} is empty, too long or there twice", "id")
            if not text.strip() or len(text) > LONGEST_TEXT:
                raise Invalid(f"row {number}: the text must have 1 to {LONGEST_TEXT} signs", "text")
            seen.add(product)
            try:
                plain = nomenclature.check(code)
            except BadCode as error:
                raise BadCode(f"row {number}: {error.message}", "code") from error
            made.append(
                {
                    "product": product, "text": text, "code": plain, "version": nomenclature.version, "decided_by": who.strip(),
                    "why": why.strip(), "suggested": "", "confidence": 0.0,
                }
            )  # fmt: skip
        if not made:
            raise Invalid("there are no decisions", "file")
        return len(self._customs.decide(made, workspace=workspace, now=to_micros(self._kernel.clock())))

    def decisions(self, *, workspace: str) -> list[dict[str, Any]]:
        """Return every decision ever made, the oldest first, with what was suggested and whether a later one replaced it."""
        rows = self._customs.decided(workspace=workspace)
        latest = {row["product"]: row["id"] for row in rows}
        return [_shown(row, is_replaced=latest[row["product"]] != row["id"]) for row in rows]

    def disagreements(self, *, workspace: str) -> dict[str, Any]:
        """Report how often people overruled the suggestion, one another, and themselves or others on the same product."""
        words = importlib.import_module("yunqi.commerce.logistics.engine.customs.words")
        rows = self._customs.decided(workspace=workspace)
        latest = {row["product"]: row for row in rows}
        judged = [row for row in rows if row["suggested"]]
        overruled = [row for row in judged if row["code"] != row["suggested"]]
        texts: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in latest.values():
            texts[words.same(row["text"])].append(row)
        disputed = [group for group in texts.values() if len({row["code"] for row in group}) > 1]
        changed = [row for row in rows if row["id"] != latest[row["product"]]["id"]]
        changed = [row for row in changed if row["code"] != latest[row["product"]]["code"]]
        return {
            "decisions": len(rows),
            "overruled_share": len(overruled) / len(judged) if judged else None,
            "overruled": [_shown(row) for row in overruled],
            "disputed": [{"text": group[0]["text"], "decisions": [_shown(row) for row in group]} for group in disputed],
            "changed": [_shown(row, is_replaced=True) | {"now": latest[row["product"]]["code"]} for row in changed],
        }

    def _nomenclature(self, version: str | None, workspace: str) -> Nomenclature:
        """Return a version, or the one in force; a version never changes, so the last ones are kept."""
        if version is None:
            known = self._customs.versions(workspace=workspace)
            version = known[0]["version"] if known else None
        key = (workspace, version or "")
        if key not in self._nomenclatures:
            self._nomenclatures[key] = self._customs.nomenclature(version, workspace=workspace)
            while len(self._nomenclatures) > KEPT_RANKERS:
                self._nomenclatures.popitem(last=False)
        return self._nomenclatures[key]

    def _ranker(self, version: str | None, workspace: str) -> Any:
        """Return the ranker of a version with all decisions of today; building one takes seconds, so some are kept."""
        nomenclature = self._nomenclature(version, workspace)
        last = self._customs.last_decision(workspace=workspace)
        key = (workspace, nomenclature.version)
        seen, ranker = self._rankers.get(key, (-1, None))
        if ranker is not None and seen == last:
            return ranker
        latest = {row["product"]: precedent(row) for row in self._customs.decided(workspace=workspace)}
        precedents = sorted(latest.values(), key=lambda one: one.id)
        if ranker is None:
            classify = importlib.import_module("yunqi.commerce.logistics.engine.customs.classify")  # loads scipy
            ranker = classify.build(nomenclature, precedents)
        else:
            ranker = ranker.remembering(precedents)
            if len(precedents) > FRESH * ranker.calibration.decisions:
                ranker = ranker.calibrated()
        self._rankers[key] = (last, ranker)
        self._rankers.move_to_end(key)
        while len(self._rankers) > KEPT_RANKERS:
            self._rankers.popitem(last=False)
        return ranker


def _question(product: str, found: Suggestion) -> dict[str, Any]:
    first = found.candidates[0]
    return {
        "product": product, "text": found.text, "version": found.version, "suggested": first.code,
        "confidence": first.confidence, "why": found.why,
    }  # fmt: skip


def _shown(row: dict[str, Any], *, is_replaced: bool = False) -> dict[str, Any]:
    names = ("product", "text", "code", "version", "decided_by", "why", "suggested", "confidence")
    when = iso(from_micros(row["created_at"]))
    return {"id": str(row["id"])} | {name: row[name] for name in names} | {"at": when, "is_replaced": is_replaced}
