import itertools

import pytest

pytest.importorskip("numba")

from yunqi.labs.riscv import Riscv, RiscvConfig, compare, profile
from yunqi.labs.riscv.service.riscv import mix_program

LAB = Riscv(None, RiscvConfig())


def test_a_profile_books_every_cycle_and_logs_the_pipeline() -> None:
    found = profile(LAB, mix_program(), log=50)
    assert sum(found["top_down"].values()) == pytest.approx(1.0)
    assert sum(spot["cycles"] for spot in found["functions"]) == found["cycles"]
    assert found["konata"].startswith("Kanata\t0004\nC=\t")
    assert found["konata"].count("\nR\t") == 50
    rows = found["pipeline"]
    assert [row["number"] for row in rows] == list(range(50))
    assert all(row["fetched"] <= row["decoded"] < row["issued"] <= row["done"] <= row["retired"] for row in rows)
    assert all(first["retired"] <= second["retired"] for first, second in itertools.pairwise(rows))


def test_cores_are_compared_with_the_first() -> None:
    rows = compare(LAB, [mix_program()], cores=({}, {"rob": 8}))
    assert rows[0]["speedup"] == 1.0
    assert rows[1]["core"] == "rob=8"
    assert rows[1]["speedup"] < 1.0
