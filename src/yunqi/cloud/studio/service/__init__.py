"""The studio at work: names and quotas, calls, and their metering."""

from yunqi.cloud.studio.service.call import Call
from yunqi.cloud.studio.service.studio import Studio

__all__ = ["Call", "Studio"]
