"""A compiled network in the hub, and deployed on the simulated chip: the same bits, labelled, metered, refused clearly."""

import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from tests.labs.npu.networks import small_cnn

from yunqi.app.application import App, open_shop
from yunqi.app.http import create
from yunqi.app.settings import load_settings
from yunqi.cloud.hub import AssetMissing
from yunqi.cloud.studio import DeploymentUnknown, ModelCalled
from yunqi.kernel import Conflict, Invalid
from yunqi.labs.npu import Compiled, NetworkRefused
from yunqi.labs.npu.engine.artifact import unpack
from yunqi.labs.npu.engine.networks import NETWORKS
from yunqi.labs.npu.jobs import register
from yunqi.labs.npu.model import QuantisedGraph, Recipe
from yunqi.labs.npu.service.agreeing import compared
from yunqi.labs.npu.service.pictures import Preparation, prepared, prepared_folder
from yunqi.labs.npu.service.publishing import Provenance, publish, reopened
from yunqi.labs.npu.service.quantising import Feeds, random_feeds

PREPARATION = Preparation((127.0,), (128.0,))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with open_shop(settings=load_settings(data_dir=tmp_path_factory.mktemp("shop")), start=False) as shop:
        yield shop


@pytest.fixture(scope="module")
def made(shop: App) -> tuple[Compiled, QuantisedGraph, Feeds]:
    compiled = shop.npu.compile(small_cnn())
    feeds = random_feeds(compiled.graph, 14, seed=1)
    quantised = shop.npu.quantise(compiled, feeds)
    keep(shop, "encoder", compiled, quantised, feeds)
    shop.deployments.deploy("default", "encoder")
    return compiled, quantised, feeds


@pytest.fixture(scope="module")
def web(shop: App) -> Iterator[TestClient]:
    with TestClient(create(shop), raise_server_exceptions=False) as client:
        yield client


def keep(shop: App, name: str, compiled: Compiled, quantised: QuantisedGraph, feeds: Feeds) -> dict[str, Any]:
    provenance = Provenance("small.onnx", "0" * 64, "Apache-2.0", "random inputs", "the same inputs")
    found = shop.npu.agreement(compiled, quantised, feeds)
    return publish(shop.hub, name, compiled, quantised, found, provenance, PREPARATION)[1]


def key(shop: App, *scopes: str) -> dict[str, str]:
    _, secret = shop.kernel.auth.create_key("default", "-".join(scopes), frozenset(scopes))
    return {"Authorization": f"Bearer {secret}"}


def picture(seed: int = 0, size: tuple[int, int] = (40, 24)) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "PNG")
    return held.getvalue()


def test_an_archive_opens_to_the_same_program_and_the_same_bits(shop: App, made: Any) -> None:
    compiled, quantised, feeds = made
    artifact, again = reopened(Path(shop.hub.file("encoder").path).read_bytes())
    assert again.program.memory.peak == compiled.program.memory.peak
    wanted = next(shop.npu.execute(compiled, quantised, feeds[:1]))
    found = next(shop.npu.execute(again, artifact.quantised, feeds[:1]))
    assert {name: data.tolist() for name, data in found.items()} == {name: d.tolist() for name, d in wanted.items()}


@pytest.mark.parametrize("name", ["vit-tiny", "bert-small", "efficientnet-b0"])
@pytest.mark.slow
def test_the_reference_networks_survive_their_archives(shop: App, name: str) -> None:
    compiled = shop.npu.compile(NETWORKS[name]())
    feeds = random_feeds(compiled.graph, 1, seed=1)
    quantised = shop.npu.quantise(compiled, feeds, recipe=Recipe(residual_bits=16))
    keep(shop, name, compiled, quantised, feeds)
    artifact, again = reopened(Path(shop.hub.file(name).path).read_bytes())
    wanted = next(shop.npu.execute(compiled, quantised, feeds))
    found = next(shop.npu.execute(again, artifact.quantised, feeds))
    assert all(np.array_equal(found[output], wanted[output]) for output in wanted)


def test_the_card_and_the_lineage_say_what_is_simulated_and_what_was_measured(shop: App, made: Any) -> None:
    manifest = json.loads(zipfile.ZipFile(shop.hub.file("encoder").path).read("manifest.json"))
    compiled = made[0]
    assert manifest["simulated"] is True
    assert manifest["sram_peak"] == compiled.program.memory.peak
    assert manifest["predicted"]["latency_ms"] == pytest.approx(compiled.device.alone_s() * 1e3)
    assert "one run (simulated)" in shop.hub.card("encoder")
    lineage = shop.hub.lineage("encoder")
    assert lineage["provenance"]["source"] == "small.onnx"
    assert lineage["metrics"]["images"] == 14
    listing = shop.hub.show("encoder")
    assert (listing.asset.form, listing.asset.chat, listing.asset.quantisation) == ("npu", False, "INT8")
    assert shop.hub.verify("encoder").asset.sha256 == listing.asset.sha256
    assert "encoder" not in [model.id for model in shop.models.list()]


def test_the_same_network_gives_the_same_archive_and_another_kind_of_asset_keeps_its_name(shop: App, made: Any) -> None:
    before = shop.hub.file("encoder").asset.sha256
    keep(shop, "encoder", *made)
    assert shop.hub.file("encoder").asset.sha256 == before
    with pytest.raises(Conflict, match="Choose another"):
        keep(shop, "smollm2-135m-instruct", *made)


def test_a_deployment_answers_with_the_executors_bits_and_says_that_it_is_simulated(
    shop: App, made: Any, web: TestClient
) -> None:
    compiled, quantised, feeds = made
    data = feeds[3]["x"]
    wanted = next(shop.npu.execute(compiled, quantised, [feeds[3]]))["y"]
    body = {
        "id": "mine",
        "inputs": [{"name": "x", "shape": [1, 3, 16, 16], "datatype": "FP32", "data": data.ravel().tolist()}],
    }
    before = {
        row.meter: row.quantity for row in shop.kernel.usage.report("default", by="model") if row.key == "encoder"
    }
    got = web.post("/v2/models/encoder/infer", json=body, headers=key(shop, "models"))
    assert got.status_code == 200
    answer = got.json()
    assert (answer["id"], answer["model_name"]) == ("mine", "encoder")
    assert answer["outputs"][0]["data"] == wanted.ravel().tolist()
    costs = answer["parameters"]
    assert costs["simulated"] is True
    assert costs["hardware"] == "hanguang800 (simulated)"
    assert costs["predicted_ms"] == pytest.approx(compiled.device.alone_s() * 1e3)
    assert costs["predicted_joules"] > 0
    assert costs["host_ms"] > 0
    usage = {row.meter: row.quantity for row in shop.kernel.usage.report("default", by="model") if row.key == "encoder"}
    assert usage["model.requests"] == before.get("model.requests", 0) + 1
    called = [event for event in shop.kernel.events.read() if event.name == ModelCalled.__name__]
    assert costs["call"] in called[-1].payload.decode()


def test_tensors_may_come_as_bytes_after_the_json(shop: App, made: Any, web: TestClient) -> None:
    data = made[2][2]["x"]
    head = json.dumps(
        {
            "inputs": [
                {
                    "name": "x",
                    "shape": [1, 3, 16, 16],
                    "datatype": "FP32",
                    "parameters": {"binary_data_size": data.nbytes},
                }
            ]
        }
    ).encode()
    headers = key(shop, "models") | {"Inference-Header-Content-Length": str(len(head))}
    got = web.post("/v2/models/encoder/infer", content=head + data.tobytes(), headers=headers)
    wanted = next(shop.npu.execute(made[0], made[1], [made[2][2]]))["y"]
    assert got.json()["outputs"][0]["data"] == wanted.ravel().tolist()


def test_a_picture_is_prepared_as_the_network_was_published(shop: App, made: Any, web: TestClient) -> None:
    headers = key(shop, "models") | {"Content-Type": "image/png"}
    got = web.post("/v2/models/encoder/infer", content=picture(), headers=headers)
    feed = prepared(made[0].graph, picture(), PREPARATION)
    assert feed["x"].min() >= -127 / 128
    assert got.json()["outputs"][0]["data"] == next(shop.npu.execute(made[0], made[1], [feed]))["y"].ravel().tolist()
    bad = web.post("/v2/models/encoder/infer", content=b"\xff\xd8 no picture", headers=headers)
    assert (bad.status_code, bad.json()["error"]["param"]) == (400, "image")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "no inference request"),
        (b'{"inputs": []}', 400, "is missing"),
        (b'{"inputs": [{"name": "z", "shape": [1], "datatype": "FP32", "data": [1]}]}', 400, "no input 'z'"),
        (b'{"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]}]}', 400, "has shape"),
        (b'{"inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [1]}]}', 400, "has 1 numbers"),
        (b'{"inputs": [{"name": "x", "shape": [1], "datatype": "TEXT", "data": ["a"]}]}', 400, "datatype"),
        (b'{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": ["a"]}]}', 400, "no FP32 numbers"),
        (b'{"inputs": [{"name": "x", "shape": [-1], "datatype": "FP32", "data": []}]}', 400, "cannot have shape"),
        (
            b'{"inputs": [{"name": "x", "shape": [9999999, 9999999], "datatype": "FP32", "data": []}]}',
            400,
            "cannot have",
        ),
    ],
)
def test_a_bad_request_is_refused_by_name_and_not_metered(
    shop: App, made: Any, web: TestClient, body: bytes, status: int, said: str
) -> None:
    before = shop.kernel.usage.report("default", by="model")
    got = web.post("/v2/models/encoder/infer", content=body, headers=key(shop, "models"))
    assert got.status_code == status
    assert said in got.json()["message"]
    assert shop.kernel.usage.report("default", by="model") == before


def test_deployments_are_made_listed_and_removed_over_http(shop: App, made: Any, web: TestClient) -> None:
    admin = key(shop, "admin")
    got = web.post("/v1/studio/deployments", json={"asset": "encoder", "name": "second"}, headers=admin)
    assert (got.status_code, got.json()["target"], got.json()["simulated"]) == (201, "hanguang800", True)
    again = web.post("/v1/studio/deployments", json={"asset": "encoder", "name": "second"}, headers=admin)
    assert again.status_code == 409
    listed = web.get("/v1/studio/deployments", headers=key(shop, "models")).json()
    assert [row["name"] for row in listed["deployments"]] == ["encoder", "second"]
    assert listed["targets"] == [{"name": "hanguang800", "form": "npu", "simulated": True}]
    described = web.get("/v2/models/second", headers=admin).json()
    assert described["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [1, 3, 16, 16]}]
    assert described["platform"] == "hanguang800 (simulated)"
    assert web.delete("/v1/studio/deployments/second", headers=key(shop, "models")).status_code == 403
    assert web.delete("/v1/studio/deployments/second", headers=admin).status_code == 204
    assert web.get("/v2/models/second/ready", headers=admin).status_code == 404
    assert web.get("/v2/models/encoder/ready").status_code == 401


def test_what_cannot_be_deployed_is_refused_with_the_way_out(shop: App, made: Any) -> None:
    with pytest.raises(AssetMissing, match="hub install"):
        shop.deployments.deploy("default", "smollm2-135m-instruct")
    with pytest.raises(Invalid, match="no hardware 'gpu'"):
        shop.deployments.deploy("default", "encoder", target="gpu")
    with pytest.raises(Invalid, match="cannot name"):
        shop.deployments.deploy("default", "encoder", name="A B")
    with pytest.raises(DeploymentUnknown, match="There are: encoder"):
        shop.deployments.show("default", "nothing")
    with pytest.raises(DeploymentUnknown, match="There are: none"):
        shop.deployments.remove("other", "encoder")


def test_a_damaged_archive_is_refused(shop: App, made: Any) -> None:
    data = Path(shop.hub.file("encoder").path).read_bytes()
    rng = np.random.default_rng(0)
    said = set()
    for _ in range(60):
        broken = bytearray(data)
        for place in rng.integers(0, len(broken), 3):
            broken[place] ^= int(rng.integers(1, 256))
        try:
            unpack(bytes(broken))
        except NetworkRefused as error:
            said.add("Publish it again" in error.message)
    assert said == {True}
    with pytest.raises(NetworkRefused):
        unpack(data[: len(data) // 2])


def test_vectors_are_compared_by_cosine_and_by_neighbours() -> None:
    rng = np.random.default_rng(0)
    real = [rng.standard_normal((1, 8, 1, 1)) for _ in range(14)]
    same = compared(real, [one * 2 for one in real])
    assert (same.nearest, same.ten_nearest) == (1.0, 1.0)
    assert same.least_cosine == pytest.approx(1.0)
    other = compared(real, real[::-1])
    assert other.cosine < 0.5
    assert other.nearest is not None
    assert other.nearest < 1.0
    assert compared(real[:2], real[:2]).nearest is None


def test_pictures_of_a_folder_are_read_and_a_bad_one_is_named(shop: App, made: Any, tmp_path: Path) -> None:
    for place in range(5):
        (tmp_path / f"{place}.png").write_bytes(picture(place))
    assert len(prepared_folder(made[0].graph, tmp_path, PREPARATION, most=3)) == 3
    (tmp_path / "bad.jpg").write_bytes(b"")
    with pytest.raises(Invalid, match=r"bad\.jpg"):
        prepared_folder(made[0].graph, tmp_path, PREPARATION, most=32)
    with pytest.raises(Invalid, match="1 or 3 numbers"):
        prepared(made[0].graph, picture(), Preparation((1.0, 2.0), (1.0,)))


def test_a_network_is_published_by_a_job(shop: App, web: TestClient) -> None:
    register(shop.kernel.jobs, shop.npu)
    admin = key(shop, "admin")
    upload = web.post("/v1/labs/npu/networks", files={"file": ("small.onnx", small_cnn())}, headers=admin).json()[
        "network"
    ]
    held = io.BytesIO()
    np.savez(held, x=np.random.default_rng(0).standard_normal((6, 1, 3, 16, 16)).astype("f4"))
    inputs = web.post("/v1/labs/npu/networks", files={"file": ("x.npz", held.getvalue())}, headers=admin).json()[
        "network"
    ]
    body = {"network": upload, "name": "by-job", "inputs": inputs, "recipe": "best", "mean": [127], "deviation": [128]}
    assert web.post("/v1/labs/npu/publish", json=body, headers=key(shop, "models")).status_code == 403
    job = web.post("/v1/labs/npu/publish", json=body, headers=admin).json()["job_id"]
    shop.kernel.jobs.run_once()
    done = shop.kernel.jobs.get(int(job))
    assert done.state.value == "done", done.error
    assert shop.hub.lineage("by-job")["recipe"]["compensate"] is True
    shop.deployments.deploy("default", "by-job")
    got = web.post("/v2/models/by-job/infer", content=picture(), headers=admin | {"Content-Type": "image/png"})
    assert got.json()["parameters"]["simulated"] is True


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "YUNQI_DATA_DIR": str(folder / "var")}
    line = [sys.executable, "-m", "yunqi", *words]
    return subprocess.run(line, capture_output=True, text=True, env=environment, timeout=120)


@pytest.mark.slow
def test_the_command_line_goes_from_a_file_to_an_answer(tmp_path: Path) -> None:
    (tmp_path / "small.onnx").write_bytes(small_cnn())
    photos = tmp_path / "photos"
    photos.mkdir()
    for place in range(4):
        (photos / f"{place}.png").write_bytes(picture(place))
    options = ("--pictures", str(photos), "--recipe", "best", "--mean", "127", "--deviation", "128", "--json")
    done = command(tmp_path, "npu", "publish", str(tmp_path / "small.onnx"), *options)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["asset"], document["recipe"]["level"], document["images"]) == ("small", True, 4)
    assert command(tmp_path, "models", "deploy", "small").returncode == 0
    answer = json.loads(command(tmp_path, "models", "infer", "small", str(photos / "0.png"), "--json").stdout)
    assert answer["simulated"] is True
    assert len(answer["outputs"]["y"]) == 10
    bad = command(tmp_path, "npu", "publish", str(tmp_path / "small.onnx"), "--name", "A/B")
    assert bad.returncode == 2
    assert "cannot name an asset" in bad.stderr


@pytest.mark.slow
def test_a_wanted_nearness_is_quantised_compiled_published_and_served(tmp_path: Path) -> None:
    (tmp_path / "small.onnx").write_bytes(small_cnn())
    photos = tmp_path / "photos"
    photos.mkdir()
    for place in range(5):
        (photos / f"{place}.png").write_bytes(picture(place, size=(64, 48)))
    file, widths = str(tmp_path / "small.onnx"), str(tmp_path / "widths.json")
    options = ("--pictures", str(photos), "--views", "3", "--mean", "127", "--deviation", "128", "--tolerance", "0.004")
    done = command(tmp_path, "npu", "quantize", file, *options, "--save-widths", widths, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["widening"]
    assert (found["met"], found["verified_on"]) == (True, 6)  # two of four pictures, three views each
    again = json.loads(command(tmp_path, "npu", "compile", file, "--widths", widths, "--json").stdout)
    assert again["pace"]["peak_ips"] == pytest.approx(found["images_per_second"]["mixed"])
    said = command(tmp_path, "npu", "quantize", file, *options)
    assert f"{found['images_per_second']['mixed']:,.0f}" in said.stdout
    done = command(tmp_path, "npu", "publish", file, *options, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["widening"]["widths"] == found["widths"]
    assert command(tmp_path, "models", "deploy", "small").returncode == 0
    answer = json.loads(command(tmp_path, "models", "infer", "small", str(photos / "0.png"), "--json").stdout)
    assert answer["simulated"] is True
    bad = command(tmp_path, "npu", "quantize", file, "--agreement", "0.99")
    assert (bad.returncode, "real inputs" in bad.stderr) == (2, True)
