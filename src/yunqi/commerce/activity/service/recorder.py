"""Checked events into the log, under the name of the user where that is known."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from yunqi.commerce.activity.config import ActivityConfig
from yunqi.commerce.activity.engine import Checked, Checker
from yunqi.commerce.activity.model import Recorded, VisitorIdentified
from yunqi.commerce.activity.store import IdentityStore
from yunqi.kernel import Kernel, NewEvent
from yunqi.kernel.clock import to_micros
from yunqi.kernel.store import Connection


class Recorder:
    """Appends events to the log of a kernel."""

    def __init__(self, kernel: Kernel, config: ActivityConfig) -> None:
        self.kernel = kernel
        self.config = config
        self._identities = IdentityStore(kernel.store)

    def record(self, checked: Sequence[Checked], *, workspace: str) -> Recorded:
        """Append events that were checked."""
        with self.kernel.store.begin() as tx:
            return self._append(tx, checked, workspace)

    def checker(self, *, needs_time: bool) -> Checker:
        """Return a checker for events that come in now."""
        now, config = self.kernel.clock(), self.config
        return Checker(
            now,
            latest=now + timedelta(hours=config.future_hours),
            oldest=datetime(config.oldest_year, 1, 1, tzinfo=UTC),
            max_items=config.max_items,
            max_bytes=config.event_bytes,
            needs_time=needs_time,
        )

    def _append(self, tx: Connection, checked: Sequence[Checked], workspace: str) -> Recorded:
        users = self._who(tx, checked, workspace)
        new = [
            NewEvent(workspace, c.name, c.message_id, c.at, c.user or users.get(c.visitor or "", c.visitor), c.payload)
            for c in checked
            if c.name != "identify"
        ]
        result = self.kernel.events.append(tx, new)
        return Recorded(len(result.appended) + len(checked) - len(new), result.duplicates)

    def _who(self, tx: Connection, checked: Sequence[Checked], workspace: str) -> dict[str, str]:
        """Return the user of each visitor in these events; what is new in them is noted and announced."""
        visitors = sorted({c.visitor for c in checked if c.visitor is not None})
        if not visitors:
            return {}
        known = self._identities.users(tx, workspace, visitors)
        fresh: dict[str, Checked] = {}
        for c in checked:
            if c.visitor is not None and c.user is not None and known.get(c.visitor) != c.user:
                known[c.visitor] = c.user
                fresh[c.visitor] = c
        self._identities.identify(
            tx, workspace, {v: c.user for v, c in fresh.items() if c.user}, to_micros(self.kernel.clock())
        )
        for visitor, c in fresh.items():
            if c.user is not None:
                event = VisitorIdentified(visitor, c.user, c.at)
                self.kernel.events.announce(tx, workspace, event, key=c.message_id, subject=c.user)
        return known
