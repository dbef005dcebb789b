"""The ground floor: what every domain stands on. It knows no word of commerce, models or chips.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from yunqi.kernel import Kernel, KernelConfig, NewEvent
>>> with Kernel.open(KernelConfig(data_dir=Path(mkdtemp()))) as kernel:
...     _ = kernel.migrate()
...     with kernel.store.begin() as tx:
...         added = kernel.events.append(tx, [NewEvent("default", "seen", "m-1", kernel.clock(), "ann", b"{}")])
...     added.appended, [event.name for event in kernel.events.read()]
([1], ['seen'])
"""

from yunqi.kernel.auth import SCOPES, Auth, Key, Principal
from yunqi.kernel.blobs import Blobs
from yunqi.kernel.config import KernelConfig, SettingInfo, load, setting
from yunqi.kernel.errors import Conflict, Denied, Error, Exhausted, Invalid, NotFound, Unavailable
from yunqi.kernel.events import AppendResult, Event, EventLog, NewEvent
from yunqi.kernel.jobs import Job, JobCancelled, JobContext, Jobs, JobState
from yunqi.kernel.kernel import Kernel
from yunqi.kernel.metering import Metering, UsageRow

__all__ = [
    "SCOPES",
    "AppendResult",
    "Auth",
    "Blobs",
    "Conflict",
    "Denied",
    "Error",
    "Event",
    "EventLog",
    "Exhausted",
    "Invalid",
    "Job",
    "JobCancelled",
    "JobContext",
    "JobState",
    "Jobs",
    "Kernel",
    "KernelConfig",
    "Key",
    "Metering",
    "NewEvent",
    "NotFound",
    "Principal",
    "SettingInfo",
    "Unavailable",
    "UsageRow",
    "load",
    "setting",
]
