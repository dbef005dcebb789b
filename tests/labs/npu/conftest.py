"""One lab over an empty kernel, and reference networks built once."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from yunqi.kernel import Kernel, KernelConfig
from yunqi.labs.npu import Npu, NpuConfig

pytest.importorskip("onnx")


@pytest.fixture(scope="session")
def npu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Npu]:
    folder: Path = tmp_path_factory.mktemp("npu")
    with Kernel.open(KernelConfig(data_dir=folder)) as kernel:
        yield Npu(kernel, NpuConfig())


@cache
def built(name: str, **options: object) -> bytes:
    from yunqi.labs.npu.engine.networks import NETWORKS

    return NETWORKS[name](**options)
