"""The tutorial's code runs as it stands, and its pictures are those that it draws."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "tutorial" / "npu.md"


@pytest.mark.slow
def test_the_tutorial_runs_and_draws_its_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), flags=re.DOTALL | re.MULTILINE)
    assert len(blocks) == 9
    monkeypatch.chdir(tmp_path)
    exec(compile("\n".join(blocks), str(PAGE), "exec"), {"__name__": "tutorial"})
    drawn = sorted(tmp_path.glob("*.svg"))
    assert [path.name for path in drawn] == ["npu-designs.svg", "npu-memory.svg", "npu-roofline.svg"]
    for path in drawn:
        assert path.read_text() == (ROOT / "docs" / "images" / path.name).read_text(), path.name
