"""The command line: one JSON document, exit codes 0, 1 and 2, messages that say the way out."""

import importlib.metadata
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from tests import command
from tests.command import Done

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cli")


def yunqi(data_dir: Path, *arguments: str, **environment: str) -> Done:
    return command.yunqi(*arguments, YUNQI_DATA_DIR=str(data_dir), COLUMNS="200", **environment)


def test_importing_listing_and_importing_again(data_dir: Path) -> None:
    first = yunqi(data_dir, "import", "catalog", str(ROOT / "examples/feed.csv"), "--json")
    assert first.returncode == 0, first.stderr
    assert json.loads(first.stdout)["added"] == 8
    again = json.loads(yunqi(data_dir, "import", "catalog", str(ROOT / "examples/feed.csv"), "--json").stdout)
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 8)
    listed = yunqi(data_dir, "catalog", "list", "milk", "--json")
    assert [item["id"] for item in json.loads(listed.stdout)["items"]] == ["1001", "1002"]
    rebuilt = yunqi(data_dir, "rebuild", "--json")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "8 products" in json.loads(rebuilt.stdout)["search"]
    found = yunqi(data_dir, "search", "find", "frozen pizza", "--json")
    assert json.loads(found.stdout)["items"][0]["id"] == "1004"
    answered = yunqi(data_dir, "assistant", "ask", "What does it cost?", "--product", "1001", "--json")
    assert "1.49" in json.loads(answered.stdout)["answer"], answered.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "match"),
    [
        (["import", "catalog", "/nowhere/feed.csv"], 2, "/nowhere/feed.csv"),
        (["import", "catalog"], 2, "Missing argument"),
        (["import", "everything"], 2, "No such command"),
        (["catalog", "show", "none"], 1, "no product 'none'"),
        (["keys", "create", "x", "--scope", "root"], 2, "Unknown scopes"),
        (["keys", "revoke", "1"], 1, "no active key"),
        (["jobs", "show", "1"], 1, "no job 1"),
        (["bench", "nothing"], 2, "no bench 'nothing'"),
        (["store", "move", "nonsense", "sqlite:////tmp/x.db"], 2, "sqlite:///FILE"),
        (["hub", "install", "no-such-model"], 1, "no-such-model"),
    ],
)
def test_a_failure_has_its_code_and_says_why(data_dir: Path, arguments: list[str], code: int, match: str) -> None:
    done = yunqi(data_dir, *arguments, "--json")
    assert done.returncode == code, done.stderr
    assert match in done.stderr
    assert "Traceback" not in done.stderr
    assert match in json.loads(done.stdout)["error"]["message"]


def test_a_wrong_setting_stops_every_command(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "yunqi.toml"
    file.write_text("[kernel]\nprot = 1\n")
    done = yunqi(data_dir, "catalog", "list", YUNQI_CONFIG=str(file))
    assert done.returncode == 2
    assert "Did you mean 'port'?" in done.stderr
    assert "not a valid int" in yunqi(data_dir, "config", "show", YUNQI_PORT="http").stderr


def test_keys_are_made_listed_and_revoked(data_dir: Path) -> None:
    made = json.loads(yunqi(data_dir, "keys", "create", "till", "--scope", "shop", "--json").stdout)
    assert made["secret"].startswith("sk-")
    listed = yunqi(data_dir, "keys", "list", "--json").stdout
    assert made["secret"] not in listed
    assert [key["name"] for key in json.loads(listed)["keys"]] == ["till"]
    assert yunqi(data_dir, "keys", "revoke", str(made["id"])).returncode == 0


def test_a_port_in_use_is_said_before_anything_is_done(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        done = yunqi(tmp_path / "new", "up", YUNQI_PORT=port, YUNQI_STOREFRONT_DEMO="false")
    assert done.returncode == 1
    assert f"Port {port} is in use" in done.stderr
    assert "YUNQI_PORT=" in done.stderr


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = yunqi(tmp_path / "file" / "data", "catalog", "list")
    assert done.returncode == 1
    assert "Set YUNQI_DATA_DIR" in done.stderr


def test_a_move_to_another_database_keeps_everything(tmp_path: Path) -> None:
    data_dir = tmp_path / "shop"  # its own: another worker may run the test that imports into the shared one
    assert yunqi(data_dir, "import", "catalog", str(ROOT / "examples/feed.csv")).returncode == 0
    target = f"sqlite:///{tmp_path / 'moved.db'}"
    done = yunqi(data_dir, "store", "move", f"sqlite:///{data_dir / 'yunqi.db'}", target, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["verified"], found["rows"]["catalog_products"] >= 8) == (True, True)
    again = yunqi(data_dir, "store", "move", f"sqlite:///{data_dir / 'yunqi.db'}", target)
    assert (again.returncode, "empty database" in again.stderr) == (1, True)
    listed = json.loads(yunqi(data_dir, "catalog", "list", "--json", YUNQI_DATABASE_URL=target).stdout)
    assert listed["total"] == 8


@pytest.mark.parametrize("words", [["--help"], ["import", "--help"], ["bench", "--help"], ["demo", "load", "--help"]])
def test_help_has_examples_or_choices(data_dir: Path, words: list[str]) -> None:
    done = yunqi(data_dir, *words)
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_the_release_is_said(data_dir: Path) -> None:
    done = yunqi(data_dir, "--version")
    assert (done.returncode, done.stdout) == (0, f"yunqi {importlib.metadata.version('yunqi')}\n")


def test_a_closed_standard_output_is_no_fault(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$1" -m yunqi catalog list --json >&-', "sh", sys.executable],
        env={"YUNQI_DATA_DIR": str(tmp_path / "new"), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_the_module_starts_as_a_program_of_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "yunqi", "catalog", "list", "--json"],
        env={"YUNQI_DATA_DIR": str(tmp_path / "new"), "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, json.loads(done.stdout)["total"]) == (0, 0)
