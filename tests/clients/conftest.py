"""A served studio: by a scripted upstream for the fast tests, by the real small model for those marked ``model``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.cloud.conftest import installed
from tests.cloud.models.upstream import Script, scripted_server
from tests.cloud.studio.gateway import gateway
from tests.kernels import new_kernel

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.cloud.models import Models, ModelsConfig
from yunqi.cloud.studio import Studio, StudioConfig
from yunqi.kernel import Kernel


@dataclass
class Served:
    """A running gateway and what is behind it."""

    url: str
    key: str
    kernel: Kernel
    studio: Studio
    models: Models
    script: Script


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with new_kernel(tmp_path / "data") as kernel:
        yield kernel


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted_server() as script:
        yield script


@pytest.fixture
def served(kernel: Kernel, script: Script) -> Iterator[Served]:
    """The scripted model under the names ``default`` and ``third/llm``."""
    models = Models(kernel, ModelsConfig(upstreams=(f"third/llm={script.url}",)), hub=Hub(kernel, HubConfig()))
    config = StudioConfig(default_model="third/llm", quotas=("poor=3/100000", "few=1000/60"))
    studio = Studio(kernel, config, models=models)
    _, key = kernel.auth.create_key("default", "tests", frozenset({"models", "read"}))
    with gateway(kernel, studio) as url:
        yield Served(url, key, kernel, studio, models, script)
    models.close()


@pytest.fixture
def small(kernel: Kernel, script: Script) -> Iterator[Served]:
    """The real SmolLM2 under the name ``default``."""
    hub = Hub(kernel, HubConfig())
    hub.add(Path(installed("smollm2-135m-instruct").path), name="smollm2-135m-instruct")
    models = Models(kernel, ModelsConfig(context=512, threads=1), hub=hub)
    studio = Studio(kernel, StudioConfig(default_model="smollm2-135m-instruct"), models=models)
    _, key = kernel.auth.create_key("default", "tests", frozenset({"models"}))
    with gateway(kernel, studio) as url:
        yield Served(url, key, kernel, studio, models, script)
    models.close()
