"""Where the data of benchmarks lies: beside the project, never in it."""

import os
from pathlib import Path

from yunqi.kernel import Unavailable


def bench_data(folder: str) -> Path:
    """Return a folder of ``../shared/data``, or of the folder that ``YUNQI_BENCH_DATA`` names.

    Raises
    ------
    Unavailable
        It is not there.
    """
    path = Path(os.environ.get("YUNQI_BENCH_DATA", "../shared/data")) / folder
    if not path.is_dir():
        raise Unavailable(f"{path} is not there; set YUNQI_BENCH_DATA to the folder of the benchmark data.")
    return path
