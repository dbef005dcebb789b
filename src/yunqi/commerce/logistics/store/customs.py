"""Nomenclatures, products whose code a person has to decide, and every decision that was made."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from yunqi.commerce.logistics.model.nomenclature import Nomenclature, Position, Precedent
from yunqi.kernel.clock import from_micros
from yunqi.kernel.errors import Conflict, NotFound
from yunqi.kernel.store import ID, JSON_TEXT, NAME, TEXT, TIME, Migration, Store, create, metadata

nomenclatures = sa.Table(
    "logistics_nomenclatures",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False, index=True),
    sa.Column("version", NAME, nullable=False),
    sa.Column("source", TEXT, nullable=False),
    sa.Column("positions", JSON_TEXT, nullable=False),
    sa.Column("lines", ID, nullable=False),
    sa.Column("loaded_by", NAME, nullable=False),
    sa.Column("loaded_at", TIME, nullable=False),
    sa.UniqueConstraint("workspace", "version", name="logistics_nomenclature_version"),
)
questions = sa.Table(
    "logistics_hs_questions",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False, index=True),
    sa.Column("product", NAME, nullable=False),
    sa.Column("text", TEXT, nullable=False),
    sa.Column("version", NAME, nullable=False),
    sa.Column("suggested", NAME, nullable=False),
    sa.Column("confidence_ppm", ID, nullable=False),
    sa.Column("why", TEXT, nullable=False),
    sa.Column("state", NAME, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
)
decisions = sa.Table(
    "logistics_hs_decisions",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False, index=True),
    sa.Column("product", NAME, nullable=False),
    sa.Column("text", TEXT, nullable=False),
    sa.Column("code", NAME, nullable=False),
    sa.Column("version", NAME, nullable=False),
    sa.Column("decided_by", NAME, nullable=False),
    sa.Column("why", TEXT, nullable=False),
    sa.Column("suggested", NAME, nullable=False),
    sa.Column("confidence_ppm", ID, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
)

MIGRATIONS = (Migration("logistics", 2, "HS classification", create(nomenclatures, questions, decisions)),)
OPEN, DECIDED = "open", "decided"


class CustomsStore:
    """What customs questions were asked, and how people answered them; decisions are only ever added."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self, found: Nomenclature, *, workspace: str, who: str, now: int) -> None:
        """Keep a version of a nomenclature; it is in force from now on.

        Raises
        ------
        Conflict
            The workspace has that version already, with other lines.
        """
        lines = msgspec.json.encode([[p.code, p.text] for p in found.positions]).decode()
        mine = (nomenclatures.c.workspace == workspace) & (nomenclatures.c.version == found.version)
        row = {
            "id": self._store.new_id(), "workspace": workspace, "version": found.version, "source": found.source,
            "positions": lines, "lines": len(found.positions), "loaded_by": who, "loaded_at": now,
        }  # fmt: skip
        with self._store.begin() as tx:
            there = tx.execute(sa.select(nomenclatures.c.positions).where(mine)).scalar()
            if there is None:
                tx.execute(nomenclatures.insert(), row)
            elif there != lines:
                raise Conflict(f"{found.version} is loaded already with other lines; give the new one another version.")
            else:
                tx.execute(nomenclatures.update().where(mine).values(loaded_at=now, loaded_by=who))

    def versions(self, *, workspace: str) -> list[dict[str, Any]]:
        """Return what is loaded, the one in force first."""
        shown = nomenclatures.c
        columns = (shown.version, shown.source, shown.lines, shown.loaded_by, shown.loaded_at)
        asked = (
            sa.select(*columns).where(shown.workspace == workspace).order_by(shown.loaded_at.desc(), shown.id.desc())
        )
        with self._store.read() as tx:
            return [dict(row) for row in tx.execute(asked).mappings()]

    def nomenclature(self, version: str | None, *, workspace: str) -> Nomenclature:
        """Return a version, or the one in force.

        Raises
        ------
        NotFound
            The workspace has not loaded it.
        """
        shown = nomenclatures.c
        asked = sa.select(shown.version, shown.source, shown.positions).where(shown.workspace == workspace)
        if version is not None:
            asked = asked.where(shown.version == version)
        with self._store.read() as tx:
            row = tx.execute(asked.order_by(shown.loaded_at.desc(), shown.id.desc())).first()
        if row is None:
            named = f"nomenclature {version}" if version else "nomenclature"
            raise NotFound(f"No {named} is loaded; load one with: yunqi logistics hs-load FILE.csv", "version")
        positions = tuple(Position(code, text) for code, text in msgspec.json.decode(row.positions))
        return Nomenclature(row.version, row.source, positions)

    def ask(self, rows: Sequence[dict[str, Any]], *, workspace: str, now: int) -> None:
        """Queue products for a person; one that waits already is asked anew with its new text."""
        with self._store.begin() as tx:
            for row in rows:
                mine = (questions.c.workspace == workspace) & (questions.c.product == row["product"])
                tx.execute(questions.delete().where(mine & (questions.c.state == OPEN)))
                kept = {"id": self._store.new_id(), "workspace": workspace, "state": OPEN, "created_at": now}
                tx.execute(questions.insert(), _stored(row) | kept)

    def waiting(self, *, workspace: str, limit: int) -> list[dict[str, Any]]:
        """Return the products that wait for a person, the least certain first."""
        shown = questions.c
        columns = (
            shown.product,
            shown.text,
            shown.version,
            shown.suggested,
            shown.confidence_ppm,
            shown.why,
            shown.created_at,
        )
        asked = sa.select(*columns).where((shown.workspace == workspace) & (shown.state == OPEN))
        with self._store.read() as tx:
            rows = tx.execute(asked.order_by(shown.confidence_ppm, shown.id).limit(limit)).mappings()
            return [_read(dict(row)) for row in rows]

    def question(self, product: str, *, workspace: str) -> dict[str, Any] | None:
        """Return the newest question about a product."""
        mine = (questions.c.workspace == workspace) & (questions.c.product == product)
        with self._store.read() as tx:
            row = tx.execute(sa.select(questions).where(mine).order_by(questions.c.id.desc())).mappings().first()
        return _read(dict(row)) if row is not None else None

    def decide(self, rows: Sequence[dict[str, Any]], *, workspace: str, now: int) -> list[int]:
        """Add decisions, all or none, close their products' questions, and return the decisions' ids."""
        kept = [_stored(row) | {"id": self._store.new_id(), "workspace": workspace, "created_at": now} for row in rows]
        with self._store.begin() as tx:
            tx.execute(decisions.insert(), kept)
            for row in kept:
                mine = (questions.c.workspace == workspace) & (questions.c.product == row["product"])
                tx.execute(questions.update().where(mine & (questions.c.state == OPEN)).values(state=DECIDED))
        return [int(row["id"]) for row in kept]

    def decided(self, *, workspace: str) -> list[dict[str, Any]]:
        """Return all decisions, the oldest first."""
        asked = sa.select(decisions).where(decisions.c.workspace == workspace).order_by(decisions.c.id)
        with self._store.read() as tx:
            return [_read(dict(row)) for row in tx.execute(asked).mappings()]

    def last_decision(self, *, workspace: str) -> int:
        """Return the id of the newest decision, 0 without any."""
        asked = sa.select(sa.func.max(decisions.c.id)).where(decisions.c.workspace == workspace)
        with self._store.read() as tx:
            return int(tx.execute(asked).scalar() or 0)


def _stored(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its confidence in millionths: whole numbers are the same in every database."""
    others = {name: value for name, value in row.items() if name != "confidence"}
    return others | {"confidence_ppm": round(row["confidence"] * 1_000_000)}


def _read(row: dict[str, Any]) -> dict[str, Any]:
    others = {name: value for name, value in row.items() if name != "confidence_ppm"}
    return others | {"confidence": row["confidence_ppm"] / 1_000_000}


def precedent(row: dict[str, Any]) -> Precedent:
    """Return a decision's row as a noun."""
    at = from_micros(row["created_at"])
    return Precedent(row["id"], row["text"], row["code"], row["decided_by"], row["why"], at)
