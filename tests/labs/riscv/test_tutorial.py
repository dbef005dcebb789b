"""The tutorial's code runs as it stands."""

import re
from pathlib import Path

import pytest

pytest.importorskip("numba")

PAGE = Path(__file__).parents[3] / "docs" / "tutorial" / "riscv.md"


def test_the_tutorial_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert blocks
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(blocks), str(PAGE), "exec"), {"__name__": "tutorial"})
    assert "matrix" in capsys.readouterr().out
