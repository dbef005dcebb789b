import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("numba")

from tests.labs.riscv.random_flow import program as flow
from tests.labs.riscv.random_program import program as arithmetic
from tests.labs.riscv.random_vector import program as vector

from yunqi.kernel.errors import Unavailable
from yunqi.labs.riscv import Limits, Riscv, RiscvConfig, read_program
from yunqi.labs.riscv.service.emulator import emulate


def emulator() -> str | None:
    """Find qemu-riscv64 of T-Head's fork: named by YUNQI_XUANTIE_QEMU, or in the package xuantie-qemu."""
    named = os.environ.get("YUNQI_XUANTIE_QEMU")
    found = importlib.util.find_spec("qemu")
    inside = Path(found.origin).with_name("qemu-riscv64") if found and found.origin else None
    return named or (str(inside) if inside and inside.exists() else None)


needs_emulator = pytest.mark.skipif(
    emulator() is None, reason="needs the package xuantie-qemu (GPL-2, installed by the tester), or YUNQI_XUANTIE_QEMU"
)


def same(data: bytes, target: Path, core: str) -> int:
    """Run a program on both, compare all that it writes, and return its instructions."""
    target.write_bytes(data)
    target.chmod(0o755)
    theirs = subprocess.run(
        [shutil.which(emulator() or "") or "", "-cpu", core, str(target)], capture_output=True, check=True
    ).stdout
    ours = Riscv(None, RiscvConfig()).run(read_program(data), limits=Limits(memory=1 << 24), timing=False)
    assert ours.fault is None, ours.fault
    assert len(theirs) > 500
    assert ours.output == theirs
    return ours.instructions


@pytest.mark.slow
@needs_emulator
@pytest.mark.parametrize("first", range(0, 50, 10))
def test_two_million_arithmetic_instructions_leave_the_same_state_as_the_vendors_emulator(
    first: int, tmp_path: Path
) -> None:
    for seed in range(first, first + 10):
        same(arithmetic(seed), tmp_path / "random", "c910")


@pytest.mark.slow
@needs_emulator
@pytest.mark.parametrize("first", range(0, 60, 20))
def test_loads_stores_branches_and_short_instructions_leave_the_same_state(first: int, tmp_path: Path) -> None:
    # 60 programs of about 200,000 instructions: over ten million
    count = sum(same(flow(seed), tmp_path / "random", "c910") for seed in range(first, first + 20))
    assert count > 3_300_000


@pytest.mark.slow
@needs_emulator
def test_vector_instructions_leave_the_same_state(tmp_path: Path) -> None:
    count = sum(same(vector(seed, turns=1), tmp_path / "random", "c910v") for seed in range(70))
    assert count > 70_000


@needs_emulator
@pytest.mark.skipif(shutil.which("cc") is None, reason="the plugin needs a C compiler")
def test_the_emulators_trace_is_timed_as_the_interpreters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNQI_XUANTIE_QEMU", emulator() or "")
    lab = Riscv(None, RiscvConfig())
    target = tmp_path / "random"
    target.write_bytes(flow(3, length=500, turns=20))
    target.chmod(0o755)
    ours, theirs = lab.run(lab.read(target)), emulate(lab, target, timing=True)
    assert (theirs.instructions, theirs.output, theirs.exit_status) == (ours.instructions, ours.output, 0)
    rest, theirs_rest = (one.cycles - one.stack["long_operation"] for one in (ours, theirs))
    assert theirs_rest == pytest.approx(rest, rel=0.03)
    assert theirs.stack["long_operation"] <= ours.stack["long_operation"]  # divisions take their shortest time there


def test_without_the_emulator_the_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUNQI_XUANTIE_QEMU", "/nowhere/qemu")
    with pytest.raises(Unavailable, match="no file"):
        emulate(Riscv(None, RiscvConfig()), Path("program"))
