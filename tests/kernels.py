"""Kernels for tests: their schema is made once in a worker, and each test's database begins as a copy of it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from yunqi.kernel import Kernel, KernelConfig
from yunqi.kernel.store import Migration

_MADE: dict[tuple[tuple[str, int], ...], bytes] = {}


def new_kernel(
    folder: Path, migrations: Iterable[Migration] = (), *, clock: Callable[[], datetime] | None = None
) -> Kernel:
    """Open a kernel on an empty database with the tables of these migrations; close it."""
    steps = list(migrations)
    key = tuple((step.domain, step.number) for step in steps)
    if key not in _MADE:
        with TemporaryDirectory() as made:
            with Kernel.open(KernelConfig(data_dir=Path(made))) as first:
                first.migrate(steps)
            _MADE[key] = (Path(made) / "yunqi.db").read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "yunqi.db").write_bytes(_MADE[key])
    config = KernelConfig(data_dir=folder)
    return Kernel.open(config, clock=clock) if clock else Kernel.open(config)
