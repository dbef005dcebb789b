import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("numba")

from tests.labs.riscv.random_program import program

from yunqi.labs.riscv import Limits, Riscv, RiscvConfig, read_program


def emulator() -> str | None:
    """Find qemu-riscv64 of T-Head's fork: named by YUNQI_XUANTIE_QEMU, or in the package xuantie-qemu."""
    named = os.environ.get("YUNQI_XUANTIE_QEMU")
    found = importlib.util.find_spec("qemu")
    inside = Path(found.origin).with_name("qemu-riscv64") if found and found.origin else None
    return named or (str(inside) if inside and inside.exists() else None)


@pytest.mark.slow
@pytest.mark.skipif(
    emulator() is None, reason="needs the package xuantie-qemu (GPL-2, installed by the tester), or YUNQI_XUANTIE_QEMU"
)
@pytest.mark.parametrize("first", range(0, 50, 10))
def test_two_million_random_instructions_leave_the_same_state_as_the_vendors_emulator(
    first: int, tmp_path: Path
) -> None:
    lab = Riscv(None, RiscvConfig())
    target = tmp_path / "random"
    for seed in range(first, first + 10):
        data = program(seed)
        target.write_bytes(data)
        target.chmod(0o755)
        theirs = subprocess.run(
            [shutil.which(emulator() or "") or "", "-cpu", "c910", str(target)], capture_output=True, check=True
        ).stdout
        ours = lab.run(read_program(data), limits=Limits(memory=1 << 24), timing=False)
        assert ours.fault is None, (seed, ours.fault)
        assert ours.output == theirs, seed
