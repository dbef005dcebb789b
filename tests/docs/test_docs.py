"""The docs name everything there is, and their examples run."""

import re
import shutil
from pathlib import Path

import pytest
from tests.command import script

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("src/**/README.md")])
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def test_the_reference_is_what_the_code_says() -> None:
    done = script(ROOT / "scripts/reference", "--check", cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_the_notebooks_are_the_tutorials() -> None:
    done = script(ROOT / "scripts/notebooks", "--check", cwd=ROOT)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{target} is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_commands_a_page_shows_exist(page: Path) -> None:
    known = set(
        re.findall(r"^## `yunqi ([^`]+)`", (ROOT / "docs/reference/commands.md").read_text(), flags=re.MULTILINE)
    )
    words = {name.split()[0] for name in known}
    for shown in re.findall(
        r"(?:`|^\s*(?:\$ )?(?:\.venv/bin/)?)yunqi ((?:[a-z-][a-z0-9-]* ?){1,3})", page.read_text(), flags=re.MULTILINE
    ):
        parts = shown.split()
        if parts[0] not in words:
            raise AssertionError(f"{page.name} shows `yunqi {shown}`, which is no command")
        if parts[0] not in known and len(parts) > 1:
            assert " ".join(parts[:2]) in known, f"{page.name} shows `yunqi {shown}`, which is no command"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_an_example_runs(example: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    done = script(tmp_path / "examples" / example.name, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    expected = re.search(r'^"""(?:.*?)Prints::\n\n(.*?)\n"""', example.read_text(), flags=re.DOTALL)
    if expected:
        wanted = "\n".join(line.removeprefix("    ") for line in expected.group(1).splitlines()).strip()
        assert wanted in done.stdout
