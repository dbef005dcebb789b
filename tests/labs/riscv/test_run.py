import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("numba")

from tests.labs.riscv.assembler import EXIT, elf, words

from yunqi.labs.riscv import Invalid, Limits, Riscv, RiscvConfig, own_mix, read_program

LAB = Riscv(None, RiscvConfig())


def run(code: bytes, *, limits: Limits | None = None, timing: bool = False, data: bytes = b"", flags: int = 5):
    return LAB.run(
        read_program(elf(code, data=data, flags=flags)), limits=limits or Limits(memory=1 << 24), timing=timing
    )


def test_a_program_returns_its_exit_status_and_its_instructions_are_counted() -> None:
    done = run(words(0x02A00513, *EXIT))
    assert (done.exit_status, done.instructions, done.fault, done.stopped) == (42, 3, None, None)


def test_the_timing_model_books_every_cycle_to_a_cause() -> None:
    done = run(words(0x02A00513, *EXIT), timing=True)
    assert done.timing == "full"
    assert sum(done.stack.values()) == done.cycles > 0


def test_thead_multiply_accumulate_and_bit_operations() -> None:
    # a0 = 3; t0 = 5; t1 = 7; th.mula a0, t0, t1 -> 38
    assert run(words(0x00300513, 0x00500293, 0x00700313, 0x2062950B, *EXIT)).exit_status == 38


@pytest.mark.parametrize(
    ("code", "kind", "words_of_it"),
    [
        (words(0x00000000), "illegal_instruction", "0x10000"),
        (words(0xFFFFFFFF), "illegal_instruction", ".word 0xffffffff"),
        (words(0x00003503), "segmentation", "may not read 0x0"),  # ld a0, 0(zero)
        (words(0x00A03023), "segmentation", "may not write 0x0"),  # sd a0, 0(zero)
        (words(0x00000067), "segmentation", "jumped to 0x0"),  # jr zero
        (words(0x00100073), "breakpoint", "breakpoint"),
        (words(0x30002573), "illegal_instruction", "register"),  # csrr a0, mstatus
        (words(0x000102B7, 0x00128293, 0x1002A52F), "misaligned", "0x10001"),  # lr.w a0, (0x10001)
    ],
)
def test_a_fault_says_where_and_what(code: bytes, kind: str, words_of_it: str) -> None:
    done = run(code)
    assert done.fault is not None
    assert done.fault.kind == kind
    assert words_of_it in done.fault.message
    assert done.exit_status == 128 + done.fault.signal


def test_an_endless_loop_is_stopped_at_the_limit() -> None:
    done = run(words(0x0000006F), limits=Limits(instructions=100_000, memory=1 << 24))
    assert done.instructions == 100_000
    assert "100,000 instructions" in (done.stopped or "")


def test_memory_over_the_limit_is_refused_with_a_word() -> None:
    # sub sp, sp, a0 by pages and store: runs down the stack until it may not
    code = words(0x000012B7, 0x40510133, 0x00013023, 0xFF9FF06F)
    done = run(code, limits=Limits(memory=1 << 18))
    assert "memory" in (done.stopped or "")


def test_a_program_may_change_its_own_instructions() -> None:
    # t0 = 0x10000; t1 = the word at 0x10020; sw t1, 0x18(t0); fence.i; 0x10018: li a0, 1 -> becomes li a0, 2
    code = words(
        0x000102B7,
        0x0202A303,
        0x00000013,
        0x0062AC23,
        0x0000100F,
        0x00000013,
        0x00100513,
        0x0080006F,
        0x00200513,
        *EXIT,
    )
    assert run(code, flags=7).exit_status == 2


def test_what_is_written_goes_out_and_the_output_is_limited() -> None:
    # write(1, 0x20000, 5)
    code = words(0x04000893, 0x00100513, 0x000205B7, 0x00500613, 0x00000073, 0x00000513, *EXIT)
    assert run(code, data=b"hello").output == b"hello"
    again = words(0x04000893, 0x00100513, 0x000205B7, 0x00500613, 0x00000073, 0xFEDFF06F)
    done = run(again, data=b"hello", limits=Limits(memory=1 << 24, output=100))
    assert "output" in (done.stopped or "")


def test_our_own_mix_runs_and_its_round_is_the_same_each_time() -> None:
    assert own_mix(LAB) == own_mix(LAB)


def test_no_host_file_can_be_opened_without_a_folder(tmp_path: Path) -> None:
    # openat(-100, 0x20000, 0) -> exit(-a0)
    code = words(0x03800893, 0xF9C00513, 0x000205B7, 0x00000613, 0x00000073, 0x40A00533, *EXIT)
    program = read_program(elf(code, data=b"/etc/passwd\0"))
    assert LAB.run(program, limits=Limits(memory=1 << 24), timing=False).exit_status == 2
    outside = LAB.run(program, limits=Limits(memory=1 << 24), timing=False, folder=tmp_path)
    assert outside.exit_status == 2
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "passwd").write_text("below the folder")
    assert LAB.run(program, limits=Limits(memory=1 << 24), timing=False, folder=tmp_path).exit_status == 253


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(Invalid, match="rubbish"):
        LAB.model({"rubbish": 1})


def test_a_smaller_reorder_buffer_is_never_faster() -> None:
    from yunqi.labs.riscv.service.riscv import mix_program

    whole = LAB.run(mix_program())
    small = LAB.run(mix_program(), changes={"rob": 8})
    assert small.cycles > whole.cycles


@pytest.mark.skipif(shutil.which("riscv64-linux-gnu-gcc") is None, reason="needs Debian's gcc-riscv64-linux-gnu")
def test_a_c_program_with_the_gnu_library_reads_prints_and_computes(tmp_path: Path) -> None:
    source = tmp_path / "hello.c"
    source.write_text(
        "#include <stdio.h>\n#include <stdlib.h>\n"
        "int main(int n, char **v) { char b[64]; double s = 0; for (int i = 1; i < 1000; i++) s += 1.0 / i / i;\n"
        "  if (!fgets(b, 64, stdin)) return 1; char *p = malloc(300000); p[299999] = 7;\n"
        '  printf("%s|%d|%.15g|%s", v[1], p[299999], s, b); return n; }\n'
    )
    target = tmp_path / "hello"
    subprocess.run(["riscv64-linux-gnu-gcc", "-O2", "-static", str(source), "-o", str(target)], check=True)
    waiting = [b"line\n", b""]
    done = LAB.run(LAB.read(target), ["one"], stdin=lambda length: waiting.pop(0) if waiting else b"", timing=False)
    expected = sum(1.0 / i / i for i in range(1, 1000))
    assert (done.exit_status, done.output) == (2, f"one|7|{expected:.15g}|line\n".encode())


def test_timing_leaves_the_programs_own_registers_alone() -> None:
    # many nops so that the trace is read, then csrr a0, fcsr; exit
    code = words(0x000102B7, *([0x00000013] * 8), 0x04000893, 0x00000073, 0x00302573, *EXIT)
    assert run(code, timing=True).exit_status == run(code).exit_status == 0


def test_random_bytes_as_a_program_end_in_a_word_and_never_break_the_lab() -> None:
    chance = random.Random(8)
    for _ in range(60):
        code = chance.randbytes(chance.randrange(2, 600) & ~1)
        done = run(
            code, limits=Limits(instructions=20_000, memory=1 << 20, output=1000), data=chance.randbytes(64), flags=7
        )
        assert done.exit_status is not None or done.stopped is not None or done.fault is not None


def test_a_program_that_writes_over_itself_for_ever_is_stopped() -> None:
    # t0 = 0x10000; t1 = the word at it; loop: sw t1, 0(t0); fence.i; j loop
    code = words(0x000102B7, 0x0002A303, 0x0062A023, 0x0000100F, 0xFF9FF06F)
    done = run(code, limits=Limits(instructions=50_000, memory=1 << 20), flags=7)
    assert "50,000 instructions" in (done.stopped or "")


def test_a_vector_program_computes_and_tails_are_zero() -> None:
    # vsetvli t0, 3, e32, m1; vmv.v.i v1, 5; vadd.vv v2, v1, v1; vsetvli t0, 4; vredsum.vs v3, v2, v0; vmv.x.s a0, v3
    code = words(
        0x00300293, 0x0082F2D7, 0x5E02B0D7, 0x02108157, 0x00400293, 0x0082F2D7,
        0x022021D7, 0x32302557, *EXIT,
    )  # fmt: skip
    assert run(code).exit_status == 30


def test_a_gather_reads_its_indices_whole() -> None:
    # vrgather.vv of four elements of 64 bits by 2^32, 2^63, 1, 2^32 + 1: what is past the last element is zero. The vendor's
    # emulator cuts the indices to 32 bits and answers 11 + 11 + 22 + 22.
    code = words(
        0x000205B7, 0x00400293, 0x00D2F2D7, 0x0205F107, 0x02058593, 0x0205F207, 0x32410357, 0x02602457,
        0x32802557, *EXIT,
    )  # fmt: skip
    done = run(code, data=struct.pack("<8Q", 1 << 32, 1 << 63, 1, (1 << 32) + 1, 11, 22, 33, 44))
    assert done.exit_status == 22


def test_a_vector_instruction_without_a_configuration_is_illegal() -> None:
    done = run(words(0x02108157, *EXIT))
    assert done.fault is not None
    assert done.fault.kind == "illegal_instruction"
    assert "vadd.vv v2, v1, v1" in done.fault.message


def test_a_vector_load_over_a_border_stops_at_its_element() -> None:
    # a1 = 0x21ff8; vsetvli t0, 16, e8; vle.v v1, (a1): the last eight bytes of the data's last page, then nothing
    code = words(0x000225B7, 0xFF858593, 0x01000293, 0x0002F2D7, 0x0205F087, *EXIT)
    done = run(code, data=bytes(64))
    assert done.fault is not None
    assert (done.fault.kind, done.fault.address) == ("segmentation", 0x22000)
