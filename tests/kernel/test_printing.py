"""What commands print, to the letter."""

import os
import subprocess
import sys
from datetime import date

import pytest

from yunqi.kernel.printing import document_alone, print_json, print_table


def test_json_is_one_document_indented_or_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1, None], "b": "茶"})
    assert capsys.readouterr().out == '{\n  "a": [\n    1,\n    null\n  ],\n  "b": "茶"\n}\n'
    print_json({"day": date(2026, 11, 25), "other": 1j}, compact=True)
    assert capsys.readouterr().out == '{"day":"2026-11-25","other":"1j"}\n'


def test_a_table_shows_nothing_for_none_and_says_when_it_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    print_table([{"name": "tea", "price": None}, {"name": "coffee", "price": 3}], empty="nothing")
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == ["name    price", "tea", "coffee  3"]
    print_table([], empty="nothing there")
    assert capsys.readouterr().out == "nothing there\n"


def test_what_libraries_write_stays_out_of_the_document(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", os.fdopen(1, "w", encoding="utf-8", closefd=False))
    ours = sys.stdout
    with document_alone():
        os.write(1, b"a solver's banner\n")
        subprocess.run(["echo", "a child's line"], check=True)
        print_json({"a": 1}, compact=True)
    os.write(1, b"after\n")
    assert sys.stdout is ours
    assert capfd.readouterr() == ('{"a":1}\nafter\n', "a solver's banner\na child's line\n")
