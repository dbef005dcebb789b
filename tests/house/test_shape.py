"""The house rules by machine: the shape of domains, modules and front doors."""

import ast
import doctest
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "yunqi"
WINGS = ("commerce", "cloud", "labs")
DOMAINS = sorted(path.parent for wing in WINGS for path in (SOURCE / wing).glob("*/__init__.py"))
FRONT_DOORS = [*DOMAINS, SOURCE / "kernel"]
ALLOWED = {
    "__init__", "model", "config", "engine", "store", "service", "routes", "cli", "jobs", "README",
}  # fmt: skip
MODULES = sorted(SOURCE.rglob("*.py"))


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every statement inside, at any depth; expressions, most of a tree, hold none."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield child
            yield from statements(child)


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT / "src").parts)


@pytest.mark.parametrize("domain", DOMAINS, ids=dotted)
def test_a_domain_has_only_the_agreed_names_inside_and_one_page_about_it(domain: Path) -> None:
    names = {path.stem for path in domain.iterdir() if path.name != "__pycache__"}
    assert names <= ALLOWED
    assert (domain / "README.md").stat().st_size > 500


@pytest.mark.parametrize("door", FRONT_DOORS, ids=dotted)
def test_a_front_door_is_sorted_complete_and_its_example_runs(door: Path) -> None:
    module = importlib.import_module(dotted(door))
    listed = list(module.__all__)
    upper = [name for name in listed if name.isupper()]
    classes = [name for name in listed if name[0].isupper() and not name.isupper()]
    rest = [name for name in listed if name[0].islower()]
    assert listed == [*sorted(upper), *sorted(classes), *sorted(rest)]
    tree = ast.parse((door / "__init__.py").read_text())
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert imported == set(listed)
    found = doctest.DocTestFinder(recurse=False).find(module)
    assert found, f"{dotted(door)} has no runnable example in its docstring"
    runner = doctest.DocTestRunner()
    for example in found:
        runner.run(example)
    assert runner.summarize(verbose=False).failed == 0


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_a_module_is_short_has_a_docstring_and_its_functions_are_short(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    long = []
    for node in statements(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines <= 60:
                continue
            # Routers and command groups hold their endpoints inside; the endpoints themselves are counted.
            inner = sum(isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) for n in ast.walk(node)) - 1
            documentation = len((ast.get_docstring(node) or "").splitlines())
            if not inner and lines - documentation > 60:
                long.append(f"{node.name} {lines}")
    assert long == []


def test_no_junk_drawers() -> None:
    junk = {"util", "utils", "helper", "helpers", "common", "misc"}
    assert [dotted(path) for path in MODULES if junk & set(path.relative_to(SOURCE).with_suffix("").parts)] == []


def test_broad_excepts_stand_only_at_the_edges() -> None:
    found = []
    broad_words = re.compile(r"\bexcept\s*(:|(Base)?Exception\b)")
    for path in (path for path in MODULES if broad_words.search(path.read_text())):
        for node in statements(ast.parse(path.read_text())):
            broad = isinstance(node, ast.ExceptHandler) and (
                node.type is None or getattr(node.type, "id", "") in ("Exception", "BaseException")
            )
            if broad:
                found.append(dotted(path))
    # The tokenizers library raises nothing narrower for a damaged file.
    tokenizers = "yunqi.cloud.models.engine.tokens.tokenizer.py"
    assert sorted(found) == [tokenizers, "yunqi.kernel.events.py", "yunqi.kernel.jobs.py"]


def test_the_kernel_stays_small_and_knows_no_word_of_the_wings() -> None:
    words = ("product", "basket", "shopper", "llm", "chat", "robot", "route of")
    for path in sorted((SOURCE / "kernel").rglob("*.py")):
        text = path.read_text().lower()
        assert [word for word in words if word in text] == [], path.name
