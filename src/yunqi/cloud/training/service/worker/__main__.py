"""The training process's entry: ``python -m yunqi.cloud.training.service.worker RUN_FOLDER``."""

import os
import sys
from pathlib import Path

from yunqi.cloud.training.service.worker.channel import Channel, end_with_parent
from yunqi.kernel.errors import Error

_FAILED = 1


def main() -> int:
    """Run the task in a folder; returns the exit code."""
    channel = Channel.over_stdout()
    end_with_parent()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from yunqi.cloud.training.service.worker.task import run_task

    try:
        run_task(Path(sys.argv[1]), channel)
    except Error as error:
        channel.send("failed", code=error.code, message=error.message, kind=type(error).__name__)
        return _FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
