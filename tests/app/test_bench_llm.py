"""The language model's bench: what it computes from what both sides report."""

import pytest

from yunqi.app.bench.llm import METRICS, measure, prompt


def test_rows_name_the_peer_and_divide_tokens_by_cpu_seconds() -> None:
    def side(speed: float, known: set[str]):  # type: ignore[no-untyped-def]
        def ask(questions: list[str], tokens: int) -> tuple[int, int, float]:
            read = sum(len(text.split()) for text in questions)
            new = 0 if any(text.startswith(old) for old in known for text in questions) else read
            known.update(questions)
            said = tokens * len(questions)
            return read, said, (new / 100 + (said + 1) / 10) / speed

        return ask

    rows = {row.metric: row for row in measure(side(2.0, set()), side(1.0, set()), 2)}
    assert tuple(rows) == METRICS
    assert rows["decode_tps"].value == pytest.approx(20.0)
    assert rows["decode_tps"].ratio == 2.0
    assert rows["prefix_speedup"].value > 10
    assert all("xllamacpp" in str(row.peer) and row.runs == 2 for row in rows.values())
    assert prompt(20, 1) != prompt(20, 2)
