"""The studio at work: names and quotas, calls, and their metering; deployments of networks."""

from yunqi.cloud.studio.service.call import Call
from yunqi.cloud.studio.service.deployments import Deployments
from yunqi.cloud.studio.service.studio import Studio
from yunqi.cloud.studio.service.target import Runner, Target

__all__ = ["Call", "Deployments", "Runner", "Studio", "Target"]
