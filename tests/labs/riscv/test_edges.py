"""The lab over HTTP, on a real shop, and on the command line."""

import importlib.util
import json
import os
import shutil
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

pytest.importorskip("numba")

import numpy as np
from fastapi.testclient import TestClient
from tests.labs.riscv.assembler import EXIT, elf, words
from tests.labs.riscv.network import small
from typer.testing import CliRunner

from yunqi.app.application import App, open_shop
from yunqi.app.cli.tree import add_commands
from yunqi.app.edges import register_jobs
from yunqi.app.http.server import create
from yunqi.app.settings import load_settings

PROGRAM = elf(words(0x02A00513, *EXIT))
URL = "/v1/labs/riscv/profiles"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with open_shop(settings=load_settings(data_dir=tmp_path_factory.mktemp("lab")), start=False) as opened:
        register_jobs(opened)
        yield opened


@pytest.fixture(scope="module")
def web(app: App) -> Iterator[TestClient]:
    secret = app.kernel.auth.create_key("default", "lab", frozenset({"admin"}))[1]
    with TestClient(create(app), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        yield client


def test_programs_are_run_for_administrators_alone(app: App) -> None:
    client = TestClient(create(app), raise_server_exceptions=False)
    assert client.post(URL, json={"program": b64encode(PROGRAM).decode()}).status_code == 401
    secret = app.kernel.auth.create_key("default", "reader", frozenset({"read"}))[1]
    reader = {"Authorization": f"Bearer {secret}"}
    assert client.post(URL, json={"program": b64encode(PROGRAM).decode()}, headers=reader).status_code == 403
    assert client.get("/v1/labs/riscv/parameters", headers=reader).status_code == 200


def test_a_profile_has_what_a_page_shows(web: TestClient) -> None:
    found = web.post(URL, json={"program": b64encode(PROGRAM).decode(), "pipeline": True}).json()
    assert (found["exit_status"], found["instructions"]) == (42, 3)
    assert sum(found["cpi_stack"].values()) == found["cycles"]
    assert sum(found["top_down"].values()) == pytest.approx(1.0)
    assert [row["text"].split()[0] for row in found["pipeline"]] == ["addi", "addi"]
    assert {"name", "address", "executions", "cycles", "share"} <= set(found["hot_spots"][0])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"program": "%%%"}, "base64"),
        ({"program": b64encode(b"MZ").decode()}, "not an ELF"),
        ({"program": b64encode(PROGRAM).decode(), "changes": {"rubbish": 1}}, "rubbish"),
    ],
)
def test_bad_input_is_told_in_words(web: TestClient, body: dict[str, object], says: str) -> None:
    answer = web.post(URL, json=body)
    assert answer.status_code in (400, 422)
    assert says in answer.text
    assert "Traceback" not in answer.text


def test_the_command_line_ports_and_refuses(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    file = tmp_path / "bad.onnx"
    file.write_bytes(b"nothing")
    runner, cli = CliRunner(), typer.Typer()
    add_commands(cli)
    done = runner.invoke(cli, ["riscv", "port", str(file)])
    assert done.exit_code != 0
    assert onnx
    help_ = runner.invoke(cli, ["riscv", "--help"]).stdout
    assert all(word in help_ for word in ("run", "profile", "compare", "debug", "port"))
    assert runner.invoke(cli, ["riscv", "parameters", "--json"]).exit_code == 0
    assert json.loads(runner.invoke(cli, ["riscv", "parameters", "--json"]).stdout)["parameters"]


@pytest.mark.slow
def test_a_trained_network_is_quantised_and_ported_bit_by_bit(tmp_path: Path) -> None:
    """PP-OCR's classifier of text lines, upright or turned, as the wheel rapidocr-onnxruntime 1.4.4 (Apache-2.0) ships it."""
    pytest.importorskip("onnx")
    found = importlib.util.find_spec("rapidocr_onnxruntime")
    named = os.environ.get("YUNQI_RISCV_NETWORK", "")
    inside = (
        Path(found.origin).parent / "models" / "ch_ppocr_mobile_v2.0_cls_infer.onnx" if found and found.origin else None
    )
    file = Path(named) if named else inside
    if file is None or not file.exists():
        pytest.skip("needs the wheel rapidocr-onnxruntime, or the file's name in YUNQI_RISCV_NETWORK")
    lines = np.zeros((8, 3, 48, 192), np.float32)  # dark strokes on a light ground, as its preparation leaves them
    chance = np.random.default_rng(1)
    for line in lines:
        line[:] = chance.uniform(0.5, 1)
        for place in chance.integers(4, 180, 20):
            line[:, 8:40, place : place + 4] = -1
    np.savez(tmp_path / "lines.npz", x=lines)
    runner, cli = CliRunner(), typer.Typer()
    add_commands(cli)
    target = tmp_path / "int8.onnx"
    given = ["--shape", "x=1,3,48,192", "--inputs", str(tmp_path / "lines.npz"), "--out", str(target)]
    done = runner.invoke(cli, ["npu", "quantize", str(file), *given])
    assert done.exit_code == 0, done.output
    done = runner.invoke(cli, ["riscv", "port", str(target), "--variant", "vector", "--json"])
    assert done.exit_code == 0, done.output
    [ported] = json.loads(done.stdout)["ports"]
    assert ported["exact"]
    assert 10e6 < ported["instructions"] < 40e6
    assert 1 < ported["milliseconds"] < 20


def test_a_network_is_ported_as_a_job(app: App, web: TestClient) -> None:
    if shutil.which("riscv64-linux-gnu-gcc") is None and shutil.which("clang-19") is None:
        pytest.skip("needs a compiler for RISC-V")
    network = small().SerializeToString()
    answer = web.post("/v1/labs/riscv/ports", files={"file": ("small.onnx", network)}, data={"variants": ["scalar"]})
    assert answer.status_code == 202
    job = app.kernel.jobs.run_once()
    assert job is not None
    assert (str(job.id), job.state) == (answer.json()["job_id"], "done"), job.error
    assert job.result is not None
    [ported] = job.result["ports"]
    assert (job.result["network"], ported["variant"], ported["exact"]) == ("small.onnx", "scalar", True)
    assert ported["cycles"] > 0


def test_a_file_that_is_no_network_fails_as_a_job(app: App, web: TestClient) -> None:
    assert web.post("/v1/labs/riscv/ports", files={"file": ("x", b"no")}, data={"compiler": "tcc"}).status_code in (
        400,
        422,
    )
    web.post("/v1/labs/riscv/ports", files={"file": ("x.onnx", b"no network")})
    job = app.kernel.jobs.run_once()
    assert job is not None
    assert job.state == "failed"
    assert "x.onnx" in (job.error or "")
