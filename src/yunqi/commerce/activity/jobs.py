"""Background work of activity: ``activity.import``."""

from pathlib import Path
from typing import Any

from yunqi.commerce.activity.service import Activity
from yunqi.commerce.catalog import FeedRefused
from yunqi.kernel import Invalid, JobContext, Jobs

IMPORT = "activity.import"


def register(jobs: Jobs, activity: Activity) -> None:
    """Teach the job runner to import events.

    Args of the job: ``path``, ``dry_run``, and ``remove`` to delete the file once the import has ended. A job whose
    worker died is run again and goes on from the last chunk that was appended.
    """

    def run(context: JobContext) -> dict[str, Any]:
        args = context.args
        path = args.get("path")
        if not isinstance(path, str):
            raise Invalid('The job activity.import needs args {"path": FILE}.', "path")
        try:
            report = activity.import_events(
                Path(path),
                workspace=context.workspace,
                dry_run=bool(args.get("dry_run")),
                progress=context.progress,
            )
        except FeedRefused:
            _remove(args)
            raise
        _remove(args)
        return {"import_id": str(report.id), "state": report.state.value, "message": report.message}

    jobs.register(IMPORT, run)


def _remove(args: dict[str, Any]) -> None:
    if args.get("remove"):
        Path(args["path"]).unlink(missing_ok=True)
