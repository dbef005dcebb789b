"""The settings of experiments."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class ExperimentsConfig:
    """How decisions are kept."""

    flush_ms: int = setting(25, "Decisions are written together after at most this many milliseconds.")
    pending_limit: int = setting(20_000, "Decisions held while the database cannot be written; the oldest go first.")
    keep_days: int = setting(180, "Decisions older than this are removed; the server looks once an hour.")
