"""The verbs of activity. (Signatures first: bodies follow on this branch.)"""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from yunqi.commerce.activity.config import ActivityConfig
from yunqi.commerce.activity.model import Properties, Recorded, SegmentEvent
from yunqi.commerce.catalog import Catalog, ImportReport
from yunqi.kernel import Kernel
from yunqi.kernel.events import Event

_PROPERTIES = msgspec.json.Decoder(Properties)


class Activity:
    """What shoppers did."""

    def __init__(self, kernel: Kernel, config: ActivityConfig, *, catalog: Catalog) -> None:
        self.kernel = kernel
        self.config = config
        self.catalog = catalog

    def record(self, events: Sequence[SegmentEvent], *, workspace: str = "default") -> Recorded:
        """Check events and append them to the log, all or none; joins the open transaction."""
        raise NotImplementedError

    def import_events(self, path: Path, *, workspace: str = "default", dry_run: bool = False) -> ImportReport:
        """Import an events file."""
        raise NotImplementedError


def properties(event: Event) -> Properties:
    """Decode what happened from an event of the log whose name is one of `NAMES`."""
    return _PROPERTIES.decode(event.payload)
