"""A kernel on the real embedded database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from yunqi.kernel import Kernel, KernelConfig


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with Kernel.open(KernelConfig(data_dir=tmp_path / "data")) as kernel:
        kernel.migrate()
        yield kernel
