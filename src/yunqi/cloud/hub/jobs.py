"""Background work of the hub: ``hub.install``."""

from typing import Any

from yunqi.cloud.hub.service import Hub
from yunqi.kernel import Invalid, JobContext, Jobs


def register(jobs: Jobs, hub: Hub) -> None:
    """Teach the job runner to install assets; args ``{"asset": id}``."""

    def install(context: JobContext) -> dict[str, Any]:
        name = context.args.get("asset")
        if not isinstance(name, str):
            raise Invalid('The job hub.install needs args {"asset": "<id>"}.', param="asset")
        installed = hub.install(name, progress=context.progress)
        return {"asset": installed.asset.id, "sha256": installed.asset.sha256, "source": installed.source}

    jobs.register("hub.install", install)
