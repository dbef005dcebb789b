"""The domains' jobs, put together, and the whole house opened with them (commands: `cli.tree`; routes: `http.domains`)."""

from collections.abc import Iterator
from contextlib import contextmanager

from yunqi.app.application import App, open_shop
from yunqi.cloud.hub import jobs as hub_jobs
from yunqi.cloud.training import jobs as training_jobs
from yunqi.commerce.activity import jobs as activity_jobs
from yunqi.commerce.catalog import jobs as catalog_jobs
from yunqi.commerce.logistics import jobs as logistics_jobs
from yunqi.commerce.ranking import jobs as ranking_jobs
from yunqi.commerce.recommend import jobs as recommend_jobs
from yunqi.commerce.search import jobs as search_jobs
from yunqi.labs.npu import jobs as npu_jobs
from yunqi.labs.riscv import jobs as riscv_jobs


def register_jobs(app: App) -> None:
    """Teach this process every kind of job."""
    catalog_jobs.register(app.kernel.jobs, app.catalog)
    activity_jobs.register(app.kernel.jobs, app.activity)
    search_jobs.register(app.kernel.jobs, app.search)
    recommend_jobs.register(app.kernel.jobs, app.recommend)
    ranking_jobs.register(app.kernel.jobs, app.ranking)
    hub_jobs.register(app.kernel.jobs, app.hub)
    logistics_jobs.register(app.kernel.jobs, app.logistics)
    training_jobs.register(app.kernel.jobs, app.training)
    npu_jobs.register(app.kernel.jobs, app.npu)
    riscv_jobs.register(app.kernel.jobs, app.riscv)


@contextmanager
def open_app(*, migrate: bool = True) -> Iterator[App]:
    """Open the application for the length of a command, with every job kind known."""
    with open_shop(migrate=migrate, start=False) as opened:
        register_jobs(opened)
        yield opened
