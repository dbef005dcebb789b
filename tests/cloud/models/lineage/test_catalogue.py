"""The catalogue counts what the reports publish; plans hold what they promise."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

pytest.importorskip("torch")

from tests.command import yunqi

from yunqi.cloud.models.engine.catalogue import MEMBERS, find
from yunqi.cloud.models.engine.catalogue.count import count
from yunqi.cloud.models.engine.catalogue.entry import within
from yunqi.cloud.models.engine.lineage.read import read_spec
from yunqi.cloud.models.service.planning import make_plan
from yunqi.kernel import Exhausted, Invalid, NotFound

# Counts of published checkpoints, to the last parameter.
EXACT = {
    "Qwen-7B": 7_721_324_544,
    "Qwen-72B": 72_287_920_128,
    "Qwen1.5-MoE-A2.7B": 14_315_784_192,
    "Qwen2.5-0.5B": 494_032_768,
    "Qwen2.5-7B": 7_615_616_512,
    "Qwen2.5-72B": 72_706_203_648,
    "Qwen3-0.6B": 596_049_920,
    "Qwen3-8B": 8_190_735_360,
    "Qwen3-30B-A3B": 30_532_122_624,
    "Qwen3-235B-A22B": 235_093_634_560,
    "Qwen2-VL-7B": 8_291_375_616,
    "Qwen2.5-VL-7B": 8_292_166_656,
    "Qwen3-VL-8B": 8_767_123_696,
}


@pytest.mark.parametrize("name", MEMBERS)
def test_members_have_the_published_parameters(name: str) -> None:
    entry = MEMBERS[name]
    found = count(read_spec(entry.config))
    pairs = ((entry.total, found.total), (entry.active, found.active), (entry.body, found.body))
    assert all(within(published, counted) for published, counted in pairs if published) or entry.note
    assert within(entry.total, found.total) or "32,763,876,352" in entry.note
    assert entry.source
    if name in EXACT:
        assert found.total == EXACT[name]


def test_there_are_enough_members_and_one_layer_of_each_sort_counts_for_all() -> None:
    assert len(MEMBERS) >= 40
    for name in ("Qwen2.5-0.5B", "Qwen3-Next-80B-A3B-Instruct", "Qwen2.5-VL-3B", "Qwen2-Audio-7B"):
        spec = read_spec(MEMBERS[name].config)
        assert count(spec) == count(spec, whole=True)


def test_members_are_found_by_any_spelling() -> None:
    assert find("Qwen/Qwen2.5-7B-Instruct").name == "Qwen2.5-7B"
    with pytest.raises(NotFound, match="Did you mean qwen3-"):
        find("qwen3-9B")


# Speeds for one request that the Qwen team published (documentation of Qwen2.5, November 2024: vLLM 0.6.3 on A100 80GB, answers
# alone; of Qwen3, May 2025: SGLang 0.4.6 on H20 96GB, prompt and answer by the whole time). 2,048 tokens are written.
SPEEDS = Path(__file__).with_name("published_speeds.csv")


def errors(rows: Iterable[dict[str, str]]) -> list[float]:
    found = []
    for row in rows:
        prompt, published = int(row["prompt"]), float(row["tokens_per_second"])
        speed = make_plan(
            row["member"],
            context=prompt + 1024,
            hardware=row["hardware"],
            devices=int(row["devices"]),
            weights=row["weights"],
        )["speed"]
        expected = speed["per_sequence"]
        if row["hardware"] == "h20":
            expected = (prompt + 2048) / (2048 / expected + prompt / speed["prefill_tokens_per_second"])
        found.append(abs(expected / published - 1))
    return sorted(found)


@pytest.mark.parametrize(
    ("hardware", "weights", "median", "worst"),
    [("a100", "bfloat16", 0.06, 0.16), ("h20", "bfloat16", 0.05, 0.16), ("h20", "fp8", 0.11, 0.30)],
)
def test_speeds_are_near_published_deployments(hardware: str, weights: str, median: float, worst: float) -> None:
    with SPEEDS.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["hardware"], row["weights"]) == (hardware, weights)]
    found = errors(row for row in rows if int(row["prompt"]) < 31_000)
    assert len(found) >= 25
    assert found[len(found) // 2] < median
    assert found[-1] < worst
    assert errors(row for row in rows if int(row["prompt"]) > 31_000)[-1] < 0.7


def test_a_plan_adds_up_and_grows_where_it_must() -> None:
    small = make_plan("Qwen3-8B", context=8192, hardware="h100")
    assert small["memory"]["weights_bytes"] == 2 * 8_190_735_360
    assert small["memory"]["cache_bytes"] == 2 * 36 * 8 * 128 * 2 * 8192
    assert small["layout"] == {"devices": 1, "tensor": 1, "pipeline": 1, "expert": 1, "data": 1}
    large = make_plan("Qwen3-Coder-480B-A35B-Instruct", context=32768, batch=16, hardware="h100")
    assert large["layout"]["devices"] * 80e9 > large["memory"]["weights_bytes"] + large["memory"]["cache_bytes"]
    assert large["layout"]["tensor"] == 8
    assert large["layout"]["pipeline"] > 1
    hybrid = make_plan("Qwen3-Next-80B-A3B-Instruct", context=262144, hardware="h200")
    dense = make_plan("Qwen3-32B", context=262144, hardware="h200")
    assert hybrid["memory"]["cache_bytes"] < dense["memory"]["cache_bytes"] / 5
    packed = make_plan("Qwen2.5-72B", context=8192, hardware="h100", weights="int4")
    assert packed["layout"]["devices"] == 1
    twice = make_plan("Qwen3-8B", context=8192, hardware="h100", devices=2, price=100)
    assert twice["layout"]["data"] == 2
    assert twice["cost_per_million_tokens"]["currency"] == "USD"
    with pytest.raises(Exhausted, match="need 2 devices of 48 GB; there are 1"):
        make_plan("Qwen3-32B", context=8192, hardware="l20", devices=1)
    with pytest.raises(Invalid, match="no hardware 'tpu'"):
        make_plan("Qwen3-8B", context=8192, hardware="tpu")


@pytest.mark.slow
def test_the_commands_print_one_document(tmp_path: Path) -> None:
    def run(*arguments: str) -> dict[str, object]:
        done = yunqi("models", *arguments, "--json", cwd=tmp_path, YUNQI_DATA_DIR=str(tmp_path))
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))

    members = run("catalogue")["members"]
    assert isinstance(members, list)
    assert {"name", "total", "active", "source"} <= set(members[0])
    found = run("plan", "Qwen3-8B", "--context", "4096", "--batch", "4", "--hardware", "here")
    assert found["hardware"]["name"] == "here"  # type: ignore[index]
