"""Background work of training: ``training.run``."""

from typing import Any

from yunqi.cloud.training.service import Training
from yunqi.kernel import JobContext, Jobs


def register(jobs: Jobs, training: Training) -> None:
    """Teach the job runner to train; args ``{"recipe": {...}, "folder": "..."}``."""

    def run(context: JobContext) -> dict[str, Any]:
        found = training.run_job(
            context.args, progress=context.progress, job_id=context.job_id, workspace=context.workspace
        )
        return {"run": found.name, "asset": found.asset, "result": found.result}

    jobs.register("training.run", run)
