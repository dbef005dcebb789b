"""Background work of ranking: ``ranking.train``."""

from typing import Any

from yunqi.commerce.ranking.model import TRAIN, NothingToLearn
from yunqi.commerce.ranking.service import Ranking
from yunqi.kernel import JobContext, Jobs


def register(jobs: Jobs, ranking: Ranking) -> None:
    """Teach the job runner to train policies.

    Args of the job: ``surface`` (none: every one that can be trained). A job whose worker died is run again; surfaces
    that were trained before are not trained twice.
    """

    def run(context: JobContext) -> dict[str, Any]:
        wanted = context.args.get("surface")
        surfaces = [wanted] if wanted else ranking.trainable()
        trained: dict[str, Any] = dict(context.state)
        for surface in surfaces:
            if surface not in trained:
                trained[surface] = _train(ranking, surface, context, only=len(surfaces) == 1)
                context.save(trained)
        return trained

    jobs.register(TRAIN, run)


def _train(ranking: Ranking, surface: str, context: JobContext, *, only: bool) -> dict[str, Any]:
    try:
        policy = ranking.train(
            surface, progress=lambda done, total, text: context.progress(done, total, f"{surface}: {text}")
        )
    except NothingToLearn as error:
        if only:
            raise
        return {"skipped": error.message}
    return {"policy_id": policy.id, "stage": policy.stage.value, "metrics": policy.metrics}
