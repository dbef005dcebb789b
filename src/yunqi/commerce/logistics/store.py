"""The tables of logistics."""

from yunqi.kernel.store import Migration

MIGRATIONS: tuple[Migration, ...] = ()
