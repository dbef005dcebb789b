"""Programs of random vector instructions (0.7.1) that the core has, which end by writing out every register."""

import random
import struct

from tests.labs.riscv.assembler import elf
from tests.labs.riscv.random_program import _offset, _special

from yunqi.labs.riscv.engine.isa import ops
from yunqi.labs.riscv.engine.isa.catalogue import Row, rows

_OUT = 0x800
_ROOM = 0x1000
# fmin and fmax of a signalling NaN: today's rule is ours, the emulator has an older one. vnclipu: it takes a wide number
# with its highest bit set for a negative one.
_LEFT_OUT = ("vfmin", "vfmax", "vfredmin", "vfredmax", "vnclipu")
_BASE, _MASK, _STEP, _BACK = 28, 29, 30, 31  # registers that hold an address, 0x7f, 24 and -8


def rows_of(kind: str) -> list[Row]:
    """Return the arithmetic rows (``arithmetic``), or those of memory (``memory``)."""
    if kind == "memory":
        return [row for row in rows() if row.operation in (ops.VLOAD, ops.VSTORE) and "ff" not in row.name]
    return [row for row in rows() if row.operation in (ops.VARITH, ops.VFLOAT) and not row.name.startswith(_LEFT_OUT)]


def _register(chance: random.Random, many: int) -> int:
    return chance.randrange(0, 32 // many) * many


def arithmetic(chance: random.Random, row: Row, sew: int, many: int) -> int | None:
    """Return a random legal instruction of a row, or None where there is none at this width."""
    name, funct6, category = row.name, row.match >> 26, row.match >> 12 & 7
    multiply, floating = category in (2, 6), row.operation == ops.VFLOAT
    if (floating and sew < 32) or (
        name in ("vslide1down.vx", "vslide1up.vx", "vrgather.vv") and sew == 64
    ):  # there the emulator cuts x, and a gather's indices, to 32 bits
        return None
    field = row.match >> 15 & 31
    reduces = "red" in name
    wide = funct6 >= 0x30 or name.startswith("vfwcvt")
    narrow = (not multiply and not floating and 0x2C <= funct6 < 0x30) or name.startswith("vfncvt")
    if (wide or narrow) and (sew == 64 or many == 8):
        return None
    wide_source = narrow or name.endswith((".wv", ".wx", ".wf")) or ".w." in name or name.split(".")[1:2] == ["w"]
    masks = row.format == "VU" and name.startswith(("vmsbf", "vmsof", "vmsif"))
    compares = (not multiply and (funct6 in (0x11, 0x13) or 0x18 <= funct6 < 0x20)) and not reduces
    logic = multiply and 0x18 <= funct6 < 0x20
    single = compares or reduces or logic or masks or name in ("vmpopc.m", "vmfirst.m")
    vd = _register(
        chance, 1 if single or name in ("vmv.s.x", "vfmv.s.f", "vfmv.f.s", "vext.x.v") else many * (2 if wide else 1)
    )
    vs2 = _register(
        chance,
        1 if logic or masks or name in ("vmpopc.m", "vmfirst.m", "viota.m") else many * (2 if wide_source else 1),
    )
    vs1 = _register(chance, 1 if reduces or logic or name == "vcompress.vm" else many)
    if category in (3, 4, 5, 6):
        vs1 = chance.randrange(5, 28)
    if name in ("vrgather.vx", "vslideup.vx", "vslidedown.vx"):  # the emulator's sums of huge distances wrap round
        vs1 = chance.choice((_BASE, _MASK, _STEP))
    if category == 5:  # singles are boxed in f0 to f15; what is not boxed is a NaN here and its low bits there
        vs1 = chance.randrange(16) + (16 if sew == 64 else 0)
    vm = chance.randrange(2)
    always = ("vadc", "vmadc", "vsbc", "vmsbc", "vcompress", "vext", "vmv.s", "vfmv")
    if name.startswith(always) or logic:
        vm = 1
    if name.startswith(("vmerge", "vfmerge")):
        vs2 = 0 if vm else vs2
    if name in ("vid.v",):
        vs2 = 0
    if name in ("vmv.s.x", "vfmv.s.f"):
        vs2 = 0
    if row.format == "VU":
        vs1 = field
    if name in ("vmpopc.m", "vmfirst.m", "vext.x.v"):
        vd = chance.randrange(5, 28)
    if name == "vfmv.f.s":
        vd = chance.randrange(16) + (16 if sew == 64 else 0)
    # what the specification leaves open: groups that overlap, and masks written over
    sizes = {"d": many * (2 if wide else 1), "2": many * (2 if wide_source else 1), "1": many}

    def meet(a: int, la: int, b: int, lb: int) -> bool:
        return a < b + lb and b < a + la

    careful = wide or narrow or compares or masks or reduces or logic or funct6 in (0x0C, 0x0E, 0x0F, 0x17, 0x16)
    if careful and name not in ("vmpopc.m", "vmfirst.m", "vext.x.v", "vfmv.f.s"):
        ld = 1 if single else sizes["d"]
        if (
            meet(vd, ld, vs2, sizes["2"])
            or (category in (0, 1, 2) and meet(vd, ld, vs1, sizes["1"]))
            or meet(vd, ld, 0, 1)
        ):
            return None
    if (not vm or name.startswith(("vadc", "vsbc"))) and vd == 0:
        return None
    return (row.match & ~0xF8000 if row.format == "VU" else row.match) | vm << 25 | vs2 << 20 | vs1 << 15 | vd << 7


def transfer(chance: random.Random, row: Row, sew: int, many: int) -> list[int]:
    """Return a load or store inside the room, with what makes its indices small before it."""
    width = {0: 8, 5: 16, 6: 32, 7: sew}[row.match >> 12 & 7]
    mode = row.match >> 26 & 3
    if width > sew:
        return []
    fields = chance.choice([one for one in (1, 1, 2, 3) if one * many <= 8])
    vd = _register(chance, many)
    index = _register(chance, many)
    if vd + fields * many > 32 or vd == 0 or (mode == 3 and vd < index + many and index < vd + fields * many):
        return []
    word = row.match | (fields - 1) << 29 | chance.randrange(2) << 25 | _BASE << 15 | vd << 7
    if mode == 2:
        return [word | chance.choice((_STEP, _BACK, 0)) << 20]
    if mode == 3:
        return [0x26004057 | index << 20 | _MASK << 15 | index << 7, word | index << 20]  # vand.vx
    return [word]


def _set(length: int, vtype: int, register: int = 0) -> list[int]:
    return [0x00000293 | length << 20, 0x0002F057 | vtype << 20 | register << 7]  # li t0, length; vsetvli rd, t0, vtype


def program(seed: int, *, blocks: int = 120, turns: int = 10, keep: int | None = None) -> bytes:
    """Return an ELF file of random vector instructions that writes out all registers."""
    chance = random.Random(seed)
    work, memory = rows_of("arithmetic"), rows_of("memory")
    code = [0x000201B7]  # lui gp, 0x20
    code += [0x0001B007 | register << 7 | (8 * register) << 20 for register in range(32)]
    code += [0x0001B003 | register << 7 | (256 + 8 * register) << 20 for register in range(5, 28)]
    code += [0x00001E37, 0x003E0E33, 0x400E0E13]  # base: gp + 0x1000 + 0x400
    code += [0x07F00E93, 0x01800F13, 0xFF800F93]
    code += [*_set(128, 3), 0x20018F13]
    for register in (0, 8, 16, 24):  # vle.v from gp + 512
        code += [0x02000007 | 7 << 12 | 30 << 15 | register << 7, 0x080F0F13]
    code += [0x01800F13, 0x00000113 | turns << 20]
    body: list[int] = []
    for _ in range(blocks):
        sew, many = chance.choice((8, 16, 32, 32, 64, 64)), chance.choice((1, 1, 2, 4, 8))
        most = 128 * many // sew
        vtype = {8: 0, 16: 1, 32: 2, 64: 3}[sew] << 2 | {1: 0, 2: 1, 4: 2, 8: 3}[many]
        body += _set(chance.choice((most, most, chance.randrange(most + 1), most + 3)), vtype, chance.choice((0, 6)))
        if chance.randrange(8) == 0:
            body.append(0x00A05073 | chance.randrange(4) << 15)  # csrwi vxrm, n
        if chance.randrange(8) == 0:
            body.append(0x00205073 | chance.choice((0, 1, 2, 3, 4)) << 15)  # csrwi frm, n
        for _ in range(8):
            if chance.randrange(5) == 0:
                body += transfer(chance, chance.choice(memory), sew, many)
                continue
            made = arithmetic(chance, chance.choice(work), sew, many)
            body += [] if made is None else [made]
    body = body[:keep]
    code += body
    code += [0xFFF10113, 0x00010663]
    back = -4 * (len(body) + 2)
    high, low = (back + 0x800) >> 12, (back + 0x800) % 4096 - 0x800
    code += [0x00000217 | (high & 0xFFFFF) << 12, 0x00020067 | (low & 0xFFF) << 20]
    code += [0x0001B023 | register << 20 | _offset(8 * register) for register in range(5, 28)]
    code += [0x0001B027 | register << 20 | _offset(256 + 8 * register) for register in range(32)]
    code += [0x00302573, 0x00A1B023, 0xC2002573, 0x00A1B423, 0xC2102573, 0x00A1B823, 0x00902573, 0x00A1BC23]
    code += [*_set(128, 3), 0x20018F13]
    for register in (0, 8, 16, 24):
        code += [0x02000027 | 7 << 12 | 30 << 15 | register << 7, 0x080F0F13]
    code += [0x04000893, 0x00100513, 0x00018593, 0x00002637, 0x00000073, 0x05D00893, 0x00000513, 0x00000073]
    chance = random.Random(-seed - 1)
    data = struct.pack("<16Q", *(_special(chance) | 0xFFFFFFFF00000000 for _ in range(16)))
    data += struct.pack("<48Q", *(_special(chance) for _ in range(48)))
    data += b"".join(
        struct.pack("<Q", _special(chance)) if chance.randrange(2) else chance.randbytes(8) for _ in range(64)
    )
    return elf(b"".join(struct.pack("<I", word) for word in code), data=data.ljust(0x2000, b"\x5a"))
