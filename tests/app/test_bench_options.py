"""Options of benches: one way in, unknown ones refused by name."""

import importlib
import inspect

import pytest
from tests.command import yunqi

from yunqi.app.bench import BENCHES, Bench, Options
from yunqi.kernel import Invalid


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_takes_options_where_it_lists_some(name: str) -> None:
    bench = BENCHES[name]
    run = importlib.import_module(f"yunqi.app.bench.{bench.module}").run
    assert ("options" in inspect.signature(run).parameters) == bool(bench.options)


def test_an_unknown_option_is_refused_with_those_there_are() -> None:
    with pytest.raises(Invalid, match=r"no option 'second'; its options: seconds, cases, only"):
        BENCHES["packing"].run(1, Options({"second": "3"}))
    with pytest.raises(Invalid, match="its options: none"):
        Bench("waves", "", "").run(1, Options({"seconds": "3"}))


@pytest.mark.parametrize("said", ["soon", "0", "-1", "nan", "inf"])
def test_numbers_are_above_zero(said: str) -> None:
    with pytest.raises(Invalid, match=f"seconds is a number above 0, not '{said}'"):
        Options({"seconds": said}).number("seconds", 4)


def test_whole_numbers_are_whole() -> None:
    assert Options({"cases": "3"}).whole("cases", 2) == 3
    with pytest.raises(Invalid, match="whole number"):
        Options({"cases": "2.5"}).whole("cases", 2)


def test_what_is_given_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNQI_BENCH_SECONDS", "7")
    assert Options().number("seconds", 4) == 7
    assert Options({"seconds": "9"}).number("seconds", 4) == 9
    assert Options({"only": "a,,b"}).parts("only") == ("a", "b")


def test_the_command_refuses_before_any_work() -> None:
    done = yunqi("bench", "packing", "--with", "minutes=3")
    assert done.returncode == 2
    assert "no option 'minutes'" in done.stderr
    assert "seconds: CPU seconds" in yunqi("bench", "--list", "--json").stdout.replace('": "', ": ")
