"""Background work of the catalog: ``catalog.import``."""

from pathlib import Path
from typing import Any

from yunqi.commerce.catalog.model import FeedRefused
from yunqi.commerce.catalog.service import Catalog
from yunqi.kernel import Invalid, JobContext, Jobs

IMPORT = "catalog.import"


def register(jobs: Jobs, catalog: Catalog) -> None:
    """Teach the job runner to import feeds.

    Args of the job: ``path``; ``kind`` (``catalog`` or ``promotions``), ``dry_run``, ``partial``, ``strict``, and
    ``remove`` to delete the file once the import has ended. A job whose worker died is run again and goes on from
    the last chunk that was staged.
    """

    def run(context: JobContext) -> dict[str, Any]:
        args = context.args
        path, kind = args.get("path"), args.get("kind", "catalog")
        if not isinstance(path, str) or kind not in ("catalog", "promotions"):
            raise Invalid(
                'The job catalog.import needs args {"path": FILE, "kind": "catalog" or "promotions"}.', "path"
            )
        options: dict[str, Any] = {
            "workspace": context.workspace,
            "dry_run": bool(args.get("dry_run")),
            "strict": bool(args.get("strict")),
            "progress": context.progress,
        }
        try:
            if kind == "promotions":
                report = catalog.import_promotions(Path(path), **options)
            else:
                report = catalog.import_products(Path(path), partial=bool(args.get("partial")), **options)
        except FeedRefused:
            _remove(args)
            raise
        _remove(args)
        return {"import_id": str(report.id), "state": report.state.value, "message": report.message}

    jobs.register(IMPORT, run)


def _remove(args: dict[str, Any]) -> None:
    if args.get("remove"):
        Path(args["path"]).unlink(missing_ok=True)
