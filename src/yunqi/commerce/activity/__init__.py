"""What shoppers did: GA4 e-commerce events in a Segment envelope, checked and kept in the event log.

In the log an event has its GA4 name, ``subject`` = the user id if known, else the visitor's, and as payload the JSON
of `Properties`. `properties` decodes it.

>>> from yunqi.commerce.activity import NAMES
>>> "purchase" in NAMES
True
"""

from yunqi.commerce.activity.config import ActivityConfig
from yunqi.commerce.activity.model import (
    NAMES,
    EventRefused,
    Item,
    Properties,
    Recorded,
    SegmentEvent,
    VisitorIdentified,
)
from yunqi.commerce.activity.service import Activity, properties
from yunqi.commerce.activity.store import MIGRATIONS

__all__ = [
    "MIGRATIONS",
    "NAMES",
    "Activity",
    "ActivityConfig",
    "EventRefused",
    "Item",
    "Properties",
    "Recorded",
    "SegmentEvent",
    "VisitorIdentified",
    "properties",
]
