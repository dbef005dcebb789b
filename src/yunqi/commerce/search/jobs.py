"""Background work of search: ``search.rebuild``."""

from typing import Any

from yunqi.commerce.search.service import Search
from yunqi.kernel import JobContext, Jobs

REBUILD = "search.rebuild"


def register(jobs: Jobs, search: Search) -> None:
    """Teach the job runner to build the index again; a job that was cut short begins anew in another folder."""

    def run(context: JobContext) -> dict[str, Any]:
        built = search.rebuild(progress=context.progress)
        return {"folder": built.folder, "generation": built.generation, "products": built.products}

    jobs.register(REBUILD, run)
