"""Every store the house supports, real ones, behind one fixture."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from yunqi.app.domains import migrations
from yunqi.kernel import Kernel, KernelConfig


def oceanbase_url(folder: Path) -> str:
    pytest.importorskip("pylibseekdb", reason="needs the oceanbase extra")
    os.environ["TELEMETRY_ENABLED"] = "false"
    return f"oceanbase://{folder}/engine"


@pytest.fixture(
    scope="module",
    params=[
        "sqlite",
        pytest.param("oceanbase", marks=[pytest.mark.oceanbase, pytest.mark.xdist_group("oceanbase")]),
    ],
)
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp(request.param)
    url = "" if request.param == "sqlite" else oceanbase_url(folder)
    with Kernel.open(KernelConfig(data_dir=folder, database_url=url)) as kernel:
        kernel.migrate(migrations())
        yield kernel
