"""The verbs of activity."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from yunqi.commerce.activity.config import ActivityConfig
from yunqi.commerce.activity.model import EventRefused, Properties, Recorded, SegmentEvent
from yunqi.commerce.activity.service.event_import import EventImport
from yunqi.commerce.activity.service.recorder import Recorder
from yunqi.commerce.activity.store import IdentityStore
from yunqi.commerce.catalog import Catalog, ImportReport, Progress, no_progress
from yunqi.kernel import Event, Kernel

_PROPERTIES = msgspec.json.Decoder(Properties)


class Activity:
    """What shoppers did.

    Parameters
    ----------
    kernel
        The ground floor; its event log holds the events.
    config
        Settings.
    catalog
        Its import ledger also keeps the reports of event files, by its bounds on files.
    before
        Called before events are appended: writes what they may cite (decisions that still wait in memory).
    """

    def __init__(
        self, kernel: Kernel, config: ActivityConfig, *, catalog: Catalog, before: Callable[[], object] = lambda: None
    ) -> None:
        self.kernel = kernel
        self.config = config
        self.catalog = catalog
        self._before = before
        self._recorder = Recorder(kernel, config)
        self._identities = IdentityStore(kernel.store)

    def record(self, events: Sequence[SegmentEvent], *, workspace: str = "default") -> Recorded:
        """Check events and append them to the log, all or none; joins the open transaction.

        Raises
        ------
        EventRefused
            For the first event that breaks the contract; the message names it, nothing was kept.
        """
        checker = self._recorder.checker(needs_time=False)
        checked = []
        for index, event in enumerate(events):
            try:
                checked.append(checker.check(event))
            except EventRefused as refused:
                raise EventRefused(f"events[{index}]: {refused.message}", refused.param) from None
        self._before()
        return self._recorder.record(checked, workspace=workspace)

    def record_json(self, text: bytes, *, workspace: str = "default") -> Recorded:
        """Take a request's body: ``{"events": [...]}``, or one JSON event a line; otherwise as `record`."""
        checker = self._recorder.checker(needs_time=False)
        parts = self._parts(text)
        if len(parts) > self.config.batch_events:
            raise EventRefused(f"More than {self.config.batch_events} events; send them in parts.", "events")
        checked = []
        for index, part in enumerate(parts):
            try:
                checked.append(checker.decode(part))
            except EventRefused as refused:
                raise EventRefused(f"events[{index}]: {refused.message}", refused.param) from None
        self._before()
        return self._recorder.record(checked, workspace=workspace)

    def visitors(self, user: str, *, workspace: str = "default") -> list[str]:
        """Return the visitors that turned out to be a user."""
        return self._identities.visitors(workspace, user)

    def subject(self, visitor: str, *, workspace: str = "default") -> str:
        """Return the user that a visitor turned out to be, else the visitor."""
        with self.kernel.store.read() as tx:
            return self._identities.users(tx, workspace, [visitor]).get(visitor, visitor)

    def import_events(
        self,
        path: Path,
        *,
        workspace: str = "default",
        dry_run: bool = False,
        progress: Progress = no_progress,
    ) -> ImportReport:
        """Import an events file: JSONL of Segment calls, or a flat CSV or Parquet table; plain, gzip or zip.

        Events that the log has already (by message id) change nothing, so a file may be sent again and an
        interrupted import is resumed. In the report ``added`` are new events and ``unchanged`` known ones.

        Raises
        ------
        FeedRefused
            When the file is broken or too many lines are; events before that place were kept.
        Conflict
            When another event import is running.
        """
        importer = EventImport(self.kernel, self._recorder, self.catalog.imports, self.catalog.config)
        return importer.run(path, workspace=workspace, dry_run=dry_run, progress=progress)

    def _parts(self, text: bytes) -> list[bytes]:
        stripped = text.strip()
        if not stripped:
            raise EventRefused("The body is empty; send events.", "events")
        try:
            return [bytes(part) for part in msgspec.json.decode(stripped, type=_Body).events]
        except msgspec.DecodeError:
            return [line for line in stripped.splitlines() if line.strip()]


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    events: list[msgspec.Raw]


def properties(event: Event) -> Properties:
    """Decode what happened from an event of the log whose name is one of `NAMES`."""
    return _PROPERTIES.decode(event.payload)
