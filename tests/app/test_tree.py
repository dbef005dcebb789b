import subprocess
import sys

import pytest
import typer

from yunqi.app.cli.main import build
from yunqi.app.cli.tree import PARTS


def words(root: typer.Typer) -> set[str]:
    command = typer.main.get_command(root)
    return set(command.commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("word", PARTS)
def test_each_word_brings_its_own_command_alone(word: str) -> None:
    assert words(build(word)) == {word}


def test_all_words_stand_in_the_whole_tree() -> None:
    assert words(build()) == words(build("no-such-word")) == words(build("--help")) == set(PARTS)
    assert words(build("--version")) == set()


def test_a_command_loads_no_other_domain() -> None:
    code = (
        "import sys; from yunqi.app.cli.main import build; build('logistics');"
        "print(*sorted(m for m in sys.modules if m.startswith('yunqi.')), sep='\\n')"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "yunqi.commerce.logistics.cli" in loaded
    others = ("yunqi.cloud", "yunqi.labs", "yunqi.flows", "yunqi.app.domains", "yunqi.commerce.search")
    assert not [name for name in loaded if name.startswith(others)]
