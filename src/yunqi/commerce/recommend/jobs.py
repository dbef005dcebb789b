"""Background work of recommendations: ``recommend.rebuild``."""

from typing import Any

from yunqi.commerce.recommend.service import Recommend
from yunqi.kernel import JobContext, Jobs

REBUILD = "recommend.rebuild"


def register(jobs: Jobs, recommend: Recommend) -> None:
    """Teach the job runner to count again which products go together."""

    def run(context: JobContext) -> dict[str, Any]:
        built = recommend.rebuild(progress=context.progress)
        return {"visits": built.visits, "products": built.products, "seconds": round(built.seconds, 2)}

    jobs.register(REBUILD, run)
