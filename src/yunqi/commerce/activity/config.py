"""Settings of activity."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class ActivityConfig:
    """What events are taken."""

    future_hours: float = setting(24.0, "An event whose timestamp is later than this from now is rejected.")
    oldest_year: int = setting(1990, "An event from before this year is rejected.")
    event_bytes: int = setting(1_000_000, "Largest single event; GA4 itself takes 200 items.")
    max_items: int = setting(1000, "Most items in one event.")
    batch_events: int = setting(5000, "Most events in one POST /v1/events.")
    chunk_events: int = setting(2000, "Events written in one transaction of an import.")
    rejected_share: float = setting(0.1, "An import with a larger share of rejected lines is reported as failed.")
