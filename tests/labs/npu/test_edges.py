"""The lab over HTTP and as jobs, on a real kernel."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from tests.labs.npu.networks import small_cnn

from yunqi.app.application import App, open_shop
from yunqi.app.edges import register_jobs
from yunqi.app.http.server import create
from yunqi.app.settings import load_settings
from yunqi.kernel import JobState


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder: Path = tmp_path_factory.mktemp("lab")
    with open_shop(settings=load_settings(data_dir=folder), start=False) as opened:
        register_jobs(opened)
        yield opened


@pytest.fixture(scope="module")
def web(app: App) -> Iterator[TestClient]:
    secret = app.kernel.auth.create_key("default", "lab", frozenset({"models"}))[1]
    with TestClient(create(app), raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        yield client


@pytest.fixture(scope="module")
def network(web: TestClient) -> str:
    answer = web.post("/v1/labs/npu/networks", files={"file": ("n.onnx", small_cnn(batch="n"))})
    assert answer.status_code == 201
    return str(answer.json()["network"])


def test_nothing_is_answered_without_a_key(app: App) -> None:
    client = TestClient(create(app), raise_server_exceptions=False)
    assert client.post("/v1/labs/npu/compile", json={"network": "sha256:" + "0" * 64}).status_code == 401
    assert client.post("/v1/labs/npu/networks", files={"file": ("n.onnx", b"x")}).status_code == 401


def test_an_uploaded_network_compiles_and_profiles(web: TestClient, network: str) -> None:
    found = web.post("/v1/labs/npu/compile", json={"network": network, "batch": 2, "layers": True}).json()
    assert found["batch"] == 2
    assert [segment["place"] for segment in found["segments"]] == ["chip"]
    assert found["sram_peak"] == found["sram"]["peak"] > 0
    assert found["layers"][0]["operation"] == "Conv+Relu"
    profile = web.post("/v1/labs/npu/profile", json={"network": network, "split": True}).json()
    assert profile["batching"] == "split"
    assert {row["engine"] for row in profile["timeline"]} >= {"tensor", "pooling", "link"}
    assert len(profile["memory"]["steps"]) == len(profile["layers"])


def test_a_scenario_and_a_trace_are_answered(web: TestClient, network: str) -> None:
    report = web.post("/v1/labs/npu/loadgen", json={"network": network, "scenario": "single-stream"}).json()
    assert report["simulated"] is True
    assert report["latency_ms"]["p90"] >= report["latency_ms"]["min"] > 0
    trace = web.post("/v1/labs/npu/trace", json={"network": network}).json()
    assert {event["ph"] for event in trace["traceEvents"]} == {"X", "M"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"network": "sha256:" + "0" * 64}, 404),
        ({"network": "nonsense"}, 400),
        ({"network": "USE", "bits": 7}, 400),
        ({"network": "USE", "chip": "../../etc/passwd"}, 400),
        ({"network": "USE", "changes": {"cores": 0}}, 400),
        ({"network": "USE", "changes": {"wheels": 4}}, 400),
    ],
)
def test_wrong_requests_are_refused(web: TestClient, network: str, body: dict[str, object], status: int) -> None:
    body = {name: network if value == "USE" else value for name, value in body.items()}
    answer = web.post("/v1/labs/npu/compile", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_a_file_that_is_no_network_is_refused_when_it_is_compiled(web: TestClient) -> None:
    ref = web.post("/v1/labs/npu/networks", files={"file": ("x.onnx", b"\x00" * 64)}).json()["network"]
    answer = web.post("/v1/labs/npu/compile", json={"network": ref})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "network_refused"


def test_a_sweep_runs_as_a_job(web: TestClient, app: App, network: str) -> None:
    body = {"network": network, "axes": {"cores": [2, 4], "rows": [64, 128]}}
    job_id = web.post("/v1/labs/npu/sweep", json=body).json()["job_id"]
    done = app.kernel.jobs.run_once(kinds=["npu.sweep"])
    assert done is not None
    assert str(done.id) == job_id
    assert done.state is JobState.DONE
    rows = (done.result or {})["variants"]
    assert [(row["cores"], row["rows"]) for row in rows] == [(2, 64), (2, 128), (4, 64), (4, 128)]
    assert any(row["best"] for row in rows)


def test_quantisation_runs_as_a_job(web: TestClient, app: App, network: str) -> None:
    web.post("/v1/labs/npu/quantize", json={"network": network, "calibration": "mse"})
    done = app.kernel.jobs.run_once(kinds=["npu.quantize"])
    assert done is not None
    assert done.state is JobState.DONE
    assert (done.result or {})["correlation"] > 0.99


def test_a_wanted_agreement_runs_as_a_job_and_its_widths_compile(web: TestClient, app: App, network: str) -> None:
    held = io.BytesIO()
    np.savez(held, allow_pickle=False, x=np.random.default_rng(0).standard_normal((12, 3, 16, 16)).astype("f4"))
    inputs = web.post("/v1/labs/npu/networks", files={"file": ("i.npz", held.getvalue())}).json()["network"]
    body = {"network": network, "inputs": inputs, "tolerance": 0.004}
    assert web.post("/v1/labs/npu/quantize", json=body).status_code == 202
    done = app.kernel.jobs.run_once(kinds=["npu.quantize"])
    assert done is not None
    assert done.state is JobState.DONE
    found = (done.result or {})["widening"]
    assert found["met"] is True
    assert found["relative_error"] <= 0.004 < found["narrow_relative_error"]
    assert found["widths"]["inputs"]
    compiled = web.post("/v1/labs/npu/compile", json={"network": network, "widths": found["widths"]}).json()
    assert compiled["pace"]["peak_ips"] == pytest.approx(found["images_per_second"]["mixed"])
    wrong = web.post("/v1/labs/npu/compile", json={"network": network, "widths": {"inputs": ["nothing"]}})
    assert (wrong.status_code, "nothing" in wrong.json()["error"]["message"]) == (400, True)
    assert web.post("/v1/labs/npu/quantize", json=body | {"agreement": 2}).status_code in (400, 422)


def test_a_wanted_agreement_needs_real_inputs(web: TestClient, app: App, network: str) -> None:
    web.post("/v1/labs/npu/quantize", json={"network": network, "agreement": 0.99})
    done = app.kernel.jobs.run_once(kinds=["npu.quantize"])
    assert done is not None
    assert "uploaded inputs" in str(done.error)
