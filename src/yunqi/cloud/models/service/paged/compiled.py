"""Graphs made from model files: where they are kept, what makes them, and whether this machine can run them."""

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from yunqi.cloud.models.model import EngineLost
from yunqi.kernel import Invalid

VERSION = 6
"""Of what is written; another number makes all graphs anew."""

KINDS = ("openvino", "openvino-int4")
ENGINES = ("auto", "llama.cpp", *KINDS)
GRAPH, WIDE_GRAPH, TOKENIZER, ABOUT = "graph.xml", "wide.xml", "tokenizer.json", "about.json"
TILES = "amx_bf16"
"""The flag of processors that multiply 16-bit numbers in tiles, which is what the second graph is for."""
_NEEDED = ("openvino", "torch", "tokenizers", "jinja2")


def place(file: Path, root: Path, engine: str, adapters: Sequence[str] = ()) -> Path:
    """Return the folder in which the graph of a model file belongs, with the adapters in these folders, made or not."""
    found = file.stat()
    bits = bits_of(engine)
    told = f"{file.resolve()} {found.st_size} {found.st_mtime_ns} {bits} {VERSION}"
    for folder in adapters:
        inside = [one.stat() for one in sorted(Path(folder).iterdir())]
        told += f" {folder} {[(one.st_size, one.st_mtime_ns) for one in inside]}"
    return root / f"{file.parent.name}-int{bits}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def siblings(file: Path, root: Path, engine: str) -> list[Path]:
    """Return the folders of all graphs of a model, whatever adapters they were made with."""
    return sorted(root.glob(f"{file.parent.name}-int{bits_of(engine)}-*"))


def bits_of(engine: str) -> int:
    """Return the bits a weight has in an engine."""
    return 4 if engine.endswith("int4") else 8


def is_made(folder: Path) -> bool:
    """Whether the graph is there, whole."""
    return (folder / ABOUT).is_file()


def make(file: Path, folder: Path, engine: str, adapters: Sequence[str] = ()) -> None:
    """Write the graph of a model file, with the adapters in these folders.

    A process of its own does it, which gives back the memory that this takes.

    Raises
    ------
    EngineLost
        When it cannot be written; the message says why.
    """
    command = [sys.executable, "-P", "-m", "yunqi.cloud.models.service.paged.export"]
    done = subprocess.run(
        [*command, str(file), str(folder), str(bits_of(engine)), *adapters], capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"it ended with exit code {done.returncode}"]
        raise EngineLost(f"Model {file.parent.name} could not be written as a graph: {last[0]}")


def hindrance() -> str:
    """Return why this machine does not run such graphs, or nothing when it does."""
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        return f"the package {missing[0]} is not installed (run scripts/setup models openvino)"
    return ""


@lru_cache(maxsize=1)
def flags() -> frozenset[str]:
    """Return what this processor says that it can do, by Linux's names; nothing elsewhere."""
    try:
        found = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text("ascii", "replace"), re.MULTILINE)
    except OSError:
        return frozenset()
    return frozenset(found[1].split()) if found else frozenset()


def is_quick_here() -> bool:
    """Whether this processor has the 8-bit or 16-bit products (AVX-512 VNNI, AMX) with which OpenVINO is ahead."""
    return bool({"avx512_vnni", "amx_int8", TILES} & flags())


def chosen(settings: tuple[str, ...], name: str) -> str:
    """Return the engine that the settings name for a model.

    Raises
    ------
    Invalid
        When one of them is unknown.
    """
    found = "auto"
    for setting in settings:
        model, _, engine = setting.strip().rpartition("=")
        if engine not in ENGINES:
            raise Invalid(f"models.engine: {engine!r} is unknown; use one of {', '.join(ENGINES)}.", param="engine")
        if model in ("", name):
            found = engine
            if model:
                break
    return found


def writable_root(configured: str, data_dir: Path) -> Path:
    """Return the folder of all graphs."""
    return Path(os.path.expanduser(configured)) if configured else data_dir / "compiled"
