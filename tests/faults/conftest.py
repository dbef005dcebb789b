"""The small language model, installed once for all tests."""

import os
from pathlib import Path

import pytest

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.kernel import Kernel, KernelConfig

ASSETS = Path(os.environ.get("YUNQI_TEST_ASSETS", Path(__file__).parents[2] / ".assets"))


@pytest.fixture(scope="session")
def small_model() -> Path:
    with Kernel.open(KernelConfig(data_dir=ASSETS)) as kernel:
        kernel.migrate()
        return Path(Hub(kernel, HubConfig()).install("smollm2-135m-instruct").path)
