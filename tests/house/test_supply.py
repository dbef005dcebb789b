"""The supply chain: licences of what is installed, hashed locks, no secrets and no machine paths in the tree."""

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))

PERMISSIVE = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|Unlicense|Zlib|CC0|Public Domain|0BSD|HPND|Boost",
    re.IGNORECASE,
)
COPYLEFT = re.compile(r"\b(A?GPL|LGPL)", re.IGNORECASE)


def names(lock: Path) -> list[str]:
    return re.findall(r"^([A-Za-z0-9_.-]+)==", lock.read_text(), flags=re.MULTILINE)


def licence(distribution: importlib.metadata.Distribution) -> str:
    meta = distribution.metadata
    stated = [meta.get("License-Expression"), *(c for c in meta.get_all("Classifier") or [] if c.startswith("License"))]
    text = " ".join(part for part in stated if part)
    return text or (meta.get("License") or "")[:200]


@pytest.mark.parametrize("name", names(ROOT / "requirements" / "base.lock"))
def test_a_default_dependency_has_a_permissive_licence(name: str) -> None:
    try:
        found = licence(importlib.metadata.distribution(name))
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("not for this Python or platform")
    assert PERMISSIVE.search(found), f"{name}: {found!r}"
    assert not COPYLEFT.search(found), f"{name}: {found!r}"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(
        r"^[A-Za-z0-9_.-]+==[^\n]*\\\n(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n?)+", text, flags=re.MULTILINE
    )
    assert len(pins) == len(names(lock)) > 0
    assert "://" not in text


def test_torch_is_no_default_dependency() -> None:
    installed = set(names(ROOT / "requirements" / "base.lock"))
    assert not installed & {"torch", "tensorflow", "jax", "pandas"}


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


SECRETS = re.compile(
    rb"sk-[A-Za-z0-9_-]{40,}|AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    rb"|ghp_[A-Za-z0-9]{36}|xox[bp]-[0-9A-Za-z-]{20,}"
)


def test_no_secret_stands_in_the_tree() -> None:
    assert [str(path) for path in tracked() if path.is_file() and SECRETS.search(path.read_bytes())] == []


def test_no_path_of_a_machine_stands_in_the_tree() -> None:
    paths = re.compile(rb"/(?:root|home/[a-z]+|work|opt/pypi|opt/wheels)/[A-Za-z0-9_.]")
    mine = Path(__file__)
    found = [str(path) for path in tracked() if path.is_file() and path != mine and paths.search(path.read_bytes())]
    assert found == []


def test_openvino_calls_nobody() -> None:
    pytest.importorskip("openvino")
    code = (
        "import multiprocessing, sys, yunqi, openvino\n"
        "from openvino.tools import ovc\n"
        "assert sys.modules['openvino_telemetry'] is None\n"
        "assert not multiprocessing.active_children()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_every_command_opens_without_extras() -> None:
    extras = "onnx onnxruntime openvino numba torch transformers ortools pyvrp highspy ray llguidance reportlab statsforecast"
    code = f"import sys\nsys.modules.update(dict.fromkeys({extras.split()!r}))\nimport yunqi.app.cli\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
