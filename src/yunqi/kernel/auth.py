"""Workspaces, API keys and the principal that a request acts for.

A key is 256 random bits behind ``sk-``; only its keyed hash is stored. Keys are looked up by that hash, so checking
one costs microseconds and tells an attacker nothing.
"""

import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from yunqi.kernel.clock import from_micros, to_micros
from yunqi.kernel.errors import Denied, Invalid, NotFound
from yunqi.kernel.store import ID, NAME, TIME, Migration, Store, create, metadata

SCOPES = {
    "admin": "everything, keys and settings included",
    "shop": "write the catalog and events, read everything",
    "read": "read everything of the workspace",
    "models": "call models",
}

workspaces = sa.Table(
    "kernel_workspaces",
    metadata,
    sa.Column("id", NAME, primary_key=True),
    sa.Column("created_at", TIME, nullable=False),
)
keys = sa.Table(
    "kernel_keys",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False, index=True),
    sa.Column("name", NAME, nullable=False),
    sa.Column("prefix", NAME, nullable=False),
    sa.Column("digest", NAME, nullable=False, unique=True),
    sa.Column("scopes", NAME, nullable=False),
    sa.Column("created_at", TIME, nullable=False),
    sa.Column("last_used_at", TIME, nullable=True),
    sa.Column("revoked_at", TIME, nullable=True),
)

MIGRATIONS = (Migration("kernel", 2, "workspaces and keys", create(workspaces, keys)),)

_CACHE_SECONDS = 2.0
_TOUCH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request acts for."""

    workspace: str
    key_id: int
    name: str
    scopes: frozenset[str]

    def allows(self, scope: str) -> bool:
        """Whether this principal may do what ``scope`` covers; admin covers all, shop covers read."""
        return bool(self.scopes & {scope, "admin"}) or (scope == "read" and "shop" in self.scopes)

    def require(self, scope: str) -> None:
        """Raise `Denied` unless the scope is allowed."""
        if not self.allows(scope):
            raise Denied(
                f"Key {self.name!r} lacks the scope {scope!r}. Use another key, or make one with it.", code="scope"
            )


@dataclass(frozen=True, slots=True)
class Key:
    """An API key as it may be shown: never the secret."""

    id: int
    workspace: str
    name: str
    prefix: str
    scopes: frozenset[str]
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class Auth:
    """Keys of one installation.

    Parameters
    ----------
    pepper
        The installation's secret; keys made under another one do not verify.
    """

    def __init__(self, store: Store, pepper: bytes, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._pepper = pepper
        self._clock = clock
        self._cache: dict[str, tuple[float, Principal]] = {}
        self._touched: dict[int, float] = {}
        self._lock = threading.Lock()

    def create_key(self, workspace: str, name: str, scopes: frozenset[str]) -> tuple[Key, str]:
        """Make a key; the secret is returned this once.

        Raises
        ------
        Invalid
            For an unknown scope or an empty or overlong name.
        """
        unknown = scopes - SCOPES.keys()
        if unknown or not scopes:
            raise Invalid(f"Unknown scopes {sorted(unknown)}; choose from {', '.join(SCOPES)}.", param="scopes")
        if not name.strip() or len(name) > 100:
            raise Invalid("A key needs a name of 1 to 100 characters.", param="name")
        secret = "sk-" + secrets.token_urlsafe(32)
        row: dict[str, Any] = {
            "id": self._store.new_id(),
            "workspace": workspace,
            "name": name.strip(),
            "prefix": secret[:8],
            "digest": self._digest(secret),
            "scopes": ",".join(sorted(scopes)),
            "created_at": to_micros(self._clock()),
        }
        with self._store.begin(durable=True) as tx:
            self._store.upsert(tx, workspaces, [{"id": workspace, "created_at": row["created_at"]}], key=["id"])
            tx.execute(keys.insert(), row)
        return self._key(row["id"]), secret

    def verify(self, secret: str) -> Principal:
        """Return who a secret stands for.

        Raises
        ------
        Denied
            With code ``unauthenticated`` for an unknown or revoked key.
        """
        digest = self._digest(secret)
        cached = self._cache.get(digest)
        if cached and cached[0] > time.monotonic():
            return cached[1]
        with self._store.read() as tx:
            row = tx.execute(sa.select(keys).where(keys.c.digest == digest)).first()
        if row is None or row.revoked_at is not None:
            raise Denied(
                "This API key is unknown or revoked. Make one with `yunqi keys create`.", code="unauthenticated"
            )
        principal = Principal(row.workspace, row.id, row.name, frozenset(row.scopes.split(",")))
        with self._lock:
            if len(self._cache) > 10_000:
                self._cache.clear()
            self._cache[digest] = (time.monotonic() + _CACHE_SECONDS, principal)
        self._touch(row.id)
        return principal

    def list_keys(self, workspace: str) -> list[Key]:
        """Return the keys of a workspace, newest first."""
        query = sa.select(keys).where(keys.c.workspace == workspace).order_by(keys.c.id.desc())
        with self._store.read() as tx:
            return [_shown(row) for row in tx.execute(query)]

    def revoke(self, workspace: str, key_id: int) -> None:
        """Make a key useless, at once in this process and within two seconds in others."""
        change = (
            keys.update()
            .where(keys.c.id == key_id, keys.c.workspace == workspace, keys.c.revoked_at.is_(None))
            .values(revoked_at=to_micros(self._clock()))
        )
        with self._store.begin(durable=True) as tx:
            if tx.execute(change).rowcount == 0:
                raise NotFound(f"There is no active key {key_id} in this workspace.")
        with self._lock:
            self._cache.clear()

    def sign(self, purpose: str, value: str) -> str:
        """Return ``value`` with a signature that `unsign` checks; for cookies."""
        return f"{value}.{self._mac(purpose, value)}"

    def unsign(self, purpose: str, signed: str) -> str | None:
        """Return the signed value, or None when the signature is wrong."""
        value, _, mac = signed.rpartition(".")
        return value if value and hmac.compare_digest(mac, self._mac(purpose, value)) else None

    def principal_of(self, key_id: int) -> Principal | None:
        """Return who an active key stands for, or None."""
        with self._store.read() as tx:
            row = tx.execute(sa.select(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None))).first()
        return Principal(row.workspace, row.id, row.name, frozenset(row.scopes.split(","))) if row else None

    def _touch(self, key_id: int) -> None:
        moment = time.monotonic()
        if moment - self._touched.get(key_id, -_TOUCH_SECONDS) < _TOUCH_SECONDS:
            return
        self._touched[key_id] = moment
        with self._store.begin() as tx:
            tx.execute(keys.update().where(keys.c.id == key_id).values(last_used_at=to_micros(self._clock())))

    def _key(self, key_id: int) -> Key:
        with self._store.read() as tx:
            return _shown(tx.execute(sa.select(keys).where(keys.c.id == key_id)).one())

    def _digest(self, secret: str) -> str:
        return hmac.new(self._pepper, b"key:" + secret.encode(), hashlib.sha256).hexdigest()

    def _mac(self, purpose: str, value: str) -> str:
        return hmac.new(self._pepper, f"{purpose}:{value}".encode(), hashlib.sha256).hexdigest()


def _shown(row: Any) -> Key:
    return Key(
        row.id,
        row.workspace,
        row.name,
        row.prefix,
        frozenset(row.scopes.split(",")),
        from_micros(row.created_at),
        from_micros(row.last_used_at) if row.last_used_at else None,
        from_micros(row.revoked_at) if row.revoked_at else None,
    )


def load_pepper(path: Path) -> bytes:
    """Read the installation's secret, making it on first use (mode 0600)."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = path.read_bytes()
        if len(found) != 32:
            raise Invalid(
                f"{path} is damaged: it must hold 32 bytes. Restore it from a backup; without it no key works."
            ) from None
        return found
    with os.fdopen(handle, "wb") as out:
        pepper = secrets.token_bytes(32)
        out.write(pepper)
        out.flush()
        os.fsync(out.fileno())
    return pepper
