"""The command line of hub and models, through the house's own entry point."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests import command

from yunqi.cloud.hub import Installed

ROOT = Path(__file__).parents[2]


def yunqi(folder: Path, *arguments: str) -> tuple[int, str, str]:
    return command.yunqi(*arguments, cwd=folder, YUNQI_DATA_DIR=str(folder))


def document(folder: Path, *arguments: str) -> Any:
    code, out, errors = yunqi(folder, *arguments, "--json")
    assert code == 0, errors
    return json.loads(out)


@pytest.mark.slow
def test_hub_commands_print_one_document_and_fail_with_their_codes(tmp_path: Path) -> None:
    assets = {asset["id"]: asset["state"] for asset in document(tmp_path, "hub", "list")["assets"]}
    assert assets["qwen2.5-coder-0.5b-instruct"] == "missing"
    code, out, errors = yunqi(tmp_path, "hub", "show", "nobody", "--json")
    assert code == 1
    assert json.loads(out)["error"]["code"] == "asset_unknown"
    assert "yunqi hub list" in errors
    assert yunqi(tmp_path, "hub", "verify", "smollm2-135m-instruct")[0] == 1
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(b"not a model")
    code, _, errors = yunqi(tmp_path, "hub", "add", str(bad))
    assert code == 2
    assert "not a GGUF file" in errors
    assert yunqi(tmp_path, "hub", "add")[0] == 2


@pytest.mark.slow
@pytest.mark.model
def test_a_file_is_added_asked_and_removed(tmp_path: Path, smollm2: Installed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNQI_STUDIO_DEFAULT_MODEL", "mine")
    added = document(tmp_path, "hub", "add", smollm2.path, "--id", "mine")
    assert added["sha256"] == smollm2.asset.sha256
    assert document(tmp_path, "hub", "verify", "mine")["asset"] == "mine"
    rows = {row["id"]: row for row in document(tmp_path, "models", "list")["models"]}
    assert rows["mine"]["names"] == ["default"]
    answer = document(tmp_path, "models", "chat", "What is the capital of China?", "--max-tokens", "12")
    assert answer["usage"]["completion_tokens"] >= 1
    assert answer["text"]
    assert document(tmp_path, "hub", "remove", "mine")["asset"] == "mine"
    assert Path(smollm2.path).exists()
