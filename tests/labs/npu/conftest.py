"""One lab over an empty kernel. Without the extra `labs` these tests are not collected."""

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from yunqi.kernel import Kernel, KernelConfig
from yunqi.labs.npu import Npu, NpuConfig

if importlib.util.find_spec("onnx") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def npu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Npu]:
    folder: Path = tmp_path_factory.mktemp("npu")
    with Kernel.open(KernelConfig(data_dir=folder)) as kernel:
        yield Npu(kernel, NpuConfig())
