"""The commands of the how-to pages run on the example files, as a reader would type them."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from tests.command import yunqi

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_a_day_of_deliveries(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "deliver.md").read_text(encoding="utf-8")
    folder = shutil.copytree(ROOT / "examples" / "logistics", tmp_path / "logistics")
    lines = re.findall(r"^yunqi (.+)$", page, re.MULTILINE)
    assert len(lines) == 7
    for line in lines:
        done = yunqi(*shlex.split(line), cwd=folder)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        assert done.stdout.strip() or "--out" in line
    assert (folder / "cn23.pdf").read_bytes().startswith(b"%PDF")
