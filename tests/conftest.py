"""What all tests share: quick collection."""

import gc
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

MARK = re.compile(r"\bpytest\.mark\.(\w+)")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out a file whose every test `-m` rules out: to import it takes seconds (PyTorch, Transformers, Ray)."""
    chosen = config.getoption("markexpr")
    if not chosen or collection_path.suffix != ".py" or not collection_path.name.startswith("test_"):
        return None
    text = collection_path.read_text(encoding="utf-8")
    every = re.search(r"^pytestmark = (\[$.*?^\]$|.*?$)", text, re.MULTILINE | re.DOTALL)
    marks = set(MARK.findall(every[0])) if every else set()
    return True if marks and not _can_be_chosen(chosen, marks, config) else None


def _can_be_chosen(chosen: str, marks: set[str], config: pytest.Config) -> bool:
    """Whether a test with these marks, and any others that it may have of its own, can meet the expression."""
    named = {line.partition(":")[0] for line in config.getini("markers")} & set(re.findall(r"\w+", chosen))
    others = sorted(named - marks)
    try:
        return any(
            eval(chosen, {"__builtins__": {}}, dict.fromkeys(named & marks, True) | dict(zip(others, own, strict=True)))
            for own in product((False, True), repeat=len(others))
        )
    except (NameError, SyntaxError):
        return True


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Imports make millions of objects that stay: neither they nor the tests look through them for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
