"""Where the data of benchmarks lies: beside the project, never in it."""

from pathlib import Path

from yunqi.app.bench.model import Options
from yunqi.kernel import Unavailable


def bench_data(folder: str, options: Options) -> Path:
    """Return a folder of ``../shared/data``, or of the folder that the option ``data`` names.

    Raises
    ------
    Unavailable
        It is not there.
    """
    path = Path(options.text("data", "../shared/data")) / folder
    if not path.is_dir():
        raise Unavailable(f"{path} is not there; name the folder of the benchmark data by --with data=FOLDER.")
    return path
