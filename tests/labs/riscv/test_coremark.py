"""Which compilers CoreMark is built by, and with what."""

from pathlib import Path

import pytest

from yunqi.kernel.errors import Invalid, Unavailable
from yunqi.labs.riscv import Riscv, RiscvConfig
from yunqi.labs.riscv.service.coremark import STAND_INS, build, compilers, measure


def _pretend(folder: Path, name: str, says: str = "") -> str:
    made = folder / name
    made.write_text(f"#!/bin/sh\necho '{says}'\n")
    made.chmod(0o755)
    return str(made)


def test_each_compiler_gets_the_vendors_flags_that_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "riscv64-unknown-linux-gnu-gcc (Xuantie-900 linux-5.10.4 glibc gcc Toolchain V2.8.0) 10.4.0"
    vendor = _pretend(tmp_path, "riscv64-unknown-linux-gnu-gcc", said)
    _pretend(tmp_path, "riscv64-linux-gnu-gcc-15")
    _pretend(tmp_path, "riscv64-linux-gnu-gcc-14")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    found = compilers()
    assert found["Xuantie gcc"][0] == vendor
    assert {"-mno-thread-jumps1", "-mtune=c910"} <= set(found["Xuantie gcc"])
    assert "-fdisable-tree-thread1" not in found["Xuantie gcc"]
    assert "-fno-optimize-crc" in found["gcc 15 XThead"]
    assert "-fno-optimize-crc" not in found["gcc 14 XThead"]
    assert "-mno-thread-jumps1" not in found["gcc 15 XThead"]


def test_what_stands_for_the_vendors_flags_goes_to_compilers_that_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (14, 15, 16):
        _pretend(tmp_path, f"riscv64-linux-gnu-gcc-{version}")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    found = compilers()
    every = {flag for flags in STAND_INS.values() for flag in flags}
    assert every <= set(found["gcc 15 XThead"])
    assert every <= set(found["gcc 16 XThead"])
    assert every - set(found["gcc 14 XThead"]) == set(STAND_INS["-mno-expand-split-imm"])


def test_a_compiler_that_stops_is_named_with_what_it_said(tmp_path: Path) -> None:
    stopped = tmp_path / "gcc"
    stopped.write_text("#!/bin/sh\necho 'internal compiler error: in recog' >&2\nexit 1\n")
    stopped.chmod(0o755)
    with pytest.raises(Invalid, match=r"gcc could not build CoreMark: internal compiler error"):
        build([str(stopped)], tmp_path, tmp_path / "program")


def test_another_makers_gcc_is_not_taken_for_the_vendors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(tmp_path, "riscv64-unknown-linux-gnu-gcc", "riscv64-unknown-linux-gnu-gcc (crosstool-NG) 14.2.0")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin")
    assert "Xuantie gcc" not in compilers()


def test_without_the_source_the_error_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="YUNQI_RISCV_COREMARK"):
        measure(Riscv(None, RiscvConfig()), tmp_path)
