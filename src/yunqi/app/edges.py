"""The domains' edges, put together: commands and jobs (the routes are in `http.domains`, which loads the web framework)."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from yunqi.app.application import App, OpenApp, open_shop
from yunqi.cloud.hub import cli as hub_cli
from yunqi.cloud.hub import jobs as hub_jobs
from yunqi.cloud.models import cli as models_cli
from yunqi.cloud.studio import cli as studio_cli
from yunqi.cloud.training import cli as training_cli
from yunqi.cloud.training import jobs as training_jobs
from yunqi.commerce.activity import cli as activity_cli
from yunqi.commerce.activity import jobs as activity_jobs
from yunqi.commerce.assistant import cli as assistant_cli
from yunqi.commerce.catalog import cli as catalog_cli
from yunqi.commerce.catalog import jobs as catalog_jobs
from yunqi.commerce.experiments import cli as experiments_cli
from yunqi.commerce.logistics import cli as logistics_cli
from yunqi.commerce.logistics import jobs as logistics_jobs
from yunqi.commerce.payments import cli as payments_cli
from yunqi.commerce.ranking import cli as ranking_cli
from yunqi.commerce.ranking import jobs as ranking_jobs
from yunqi.commerce.recommend import cli as recommend_cli
from yunqi.commerce.recommend import jobs as recommend_jobs
from yunqi.commerce.search import cli as search_cli
from yunqi.commerce.search import jobs as search_jobs
from yunqi.labs.npu import cli as npu_cli
from yunqi.labs.npu import jobs as npu_jobs
from yunqi.labs.riscv import cli as riscv_cli
from yunqi.labs.riscv import jobs as riscv_jobs


def add_commands(root: typer.Typer, open_app: OpenApp) -> None:
    """Add every domain's commands."""
    imports = typer.Typer(name="import", help="Import feeds: catalog, promotions, events.", no_args_is_help=True)
    catalog_cli.add_imports(imports, open_app)
    activity_cli.add_imports(imports, open_app)
    root.add_typer(imports, name="import")
    root.add_typer(catalog_cli.commands(open_app), name="catalog")
    root.add_typer(activity_cli.commands(open_app), name="events")
    root.add_typer(search_cli.commands(open_app), name="search")
    root.add_typer(recommend_cli.commands(open_app), name="recommend")
    root.add_typer(ranking_cli.commands(open_app), name="ranking")
    root.add_typer(experiments_cli.policies(open_app), name="policies")
    root.add_typer(experiments_cli.decisions(open_app), name="decisions")
    root.add_typer(payments_cli.commands(open_app), name="orders")
    root.add_typer(logistics_cli.commands(open_app), name="logistics")
    root.add_typer(assistant_cli.commands(open_app), name="assistant")
    root.add_typer(hub_cli.commands(open_app), name="hub")
    models = studio_cli.commands(open_app)
    models_cli.add(models)
    root.add_typer(models, name="models")
    training_cli.add_train(root, open_app)
    root.add_typer(training_cli.commands(open_app), name="training")
    root.add_typer(npu_cli.commands(open_app), name="npu")
    root.add_typer(riscv_cli.commands(open_app), name="riscv")


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
