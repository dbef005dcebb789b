"""The shop that benches work on: the demo shop, loaded once and copied for each bench that writes."""

import contextlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from yunqi.app.settings import load_settings
from yunqi.kernel import Unavailable


def shop_dir() -> Path:
    """Return the data folder of a loaded demo shop, loading it on first use into ``<data_dir>/bench-shop``."""
    folder = load_settings().kernel.data_dir.resolve() / "bench-shop"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for step in (["demo", "load"], ["rebuild", "--if-needed"]):
            command = [sys.executable, "-m", "yunqi", *step]
            done = subprocess.run(command, env=_environment(folder), stdout=sys.stderr, check=False)
            if done.returncode:
                raise Unavailable(
                    f"Loading the bench's shop failed at `yunqi {' '.join(step)}`; see the message above."
                )
        (folder / "ready").touch()
    return folder


@contextlib.contextmanager
def copy_of_shop() -> Iterator[Path]:
    """Yield a copy of the loaded demo shop that may be written to."""
    source = shop_dir()
    with tempfile.TemporaryDirectory(dir=source.parent) as folder:
        target = Path(folder) / "shop"
        shutil.copytree(source, target)
        yield target


def _environment(folder: Path) -> dict[str, str]:
    import os

    return {**os.environ, "YUNQI_DATA_DIR": str(folder), "YUNQI_DATABASE_URL": ""}
