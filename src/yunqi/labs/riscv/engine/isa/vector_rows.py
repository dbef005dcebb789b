"""The vector extension 0.7.1 as rows: configuration, loads and stores, arithmetic.

Source: the specification's version 0.7.1, chapters 6 to 17. ``V``, ``X``, ``I``, ``F`` say which forms an instruction has:
the second operand a vector, an integer register, an immediate, a floating-point register.
"""

_INTEGER = """
vadd 00 VXI
vsub 02 VX
vrsub 03 XI
vminu 04 VX
vmin 05 VX
vmaxu 06 VX
vmax 07 VX
vand 09 VXI
vor 0a VXI
vxor 0b VXI
vrgather 0c VXI
vslideup 0e XI
vslidedown 0f XI
vadc 10 VXI
vmadc 11 VXI
vsbc 12 VX
vmsbc 13 VX
vmerge 17 VXI
vmseq 18 VXI
vmsne 19 VXI
vmsltu 1a VX
vmslt 1b VX
vmsleu 1c VXI
vmsle 1d VXI
vmsgtu 1e XI
vmsgt 1f XI
vsaddu 20 VXI
vsadd 21 VXI
vssubu 22 VX
vssub 23 VX
vaadd 24 VXI
vsll 25 VXI
vasub 26 VX
vsmul 27 VX
vsrl 28 VXI
vsra 29 VXI
vssrl 2a VXI
vssra 2b VXI
vnsrl 2c VXI
vnsra 2d VXI
vnclipu 2e VXI
vnclip 2f VXI
vwredsumu 30 V
vwredsum 31 V
vwsmaccu 3c VX
vwsmacc 3d VX
vwsmaccsu 3e VX
vwsmaccus 3f X
"""
_MULTIPLY = """
vredsum 00 V
vredand 01 V
vredor 02 V
vredxor 03 V
vredminu 04 V
vredmin 05 V
vredmaxu 06 V
vredmax 07 V
vext.x 0c V
vmv.s 0d X
vslide1up 0e X
vslide1down 0f X
vcompress 17 V
vmandnot 18 V
vmand 19 V
vmor 1a V
vmxor 1b V
vmornot 1c V
vmnand 1d V
vmnor 1e V
vmxnor 1f V
vdivu 20 VX
vdiv 21 VX
vremu 22 VX
vrem 23 VX
vmulhu 24 VX
vmul 25 VX
vmulhsu 26 VX
vmulh 27 VX
vmadd 29 VX
vnmsub 2b VX
vmacc 2d VX
vnmsac 2f VX
vwaddu 30 VX
vwadd 31 VX
vwsubu 32 VX
vwsub 33 VX
vwaddu.w 34 VX
vwadd.w 35 VX
vwsubu.w 36 VX
vwsub.w 37 VX
vwmulu 38 VX
vwmulsu 3a VX
vwmul 3b VX
vwmaccu 3c VX
vwmacc 3d VX
vwmaccsu 3e VX
vwmaccus 3f X
"""
_FLOAT = """
vfadd 00 VF
vfredsum 01 V
vfsub 02 VF
vfredosum 03 V
vfmin 04 VF
vfredmin 05 V
vfmax 06 VF
vfredmax 07 V
vfsgnj 08 VF
vfsgnjn 09 VF
vfsgnjx 0a VF
vfmv.s 0d F
vfmerge 17 F
vmfeq 18 VF
vmfle 19 VF
vmford 1a VF
vmflt 1b VF
vmfne 1c VF
vmfgt 1d F
vmfge 1f F
vfdiv 20 VF
vfrdiv 21 F
vfmul 24 VF
vfrsub 27 F
vfmadd 28 VF
vfnmadd 29 VF
vfmsub 2a VF
vfnmsub 2b VF
vfmacc 2c VF
vfnmacc 2d VF
vfmsac 2e VF
vfnmsac 2f VF
vfwadd 30 VF
vfwredsum 31 V
vfwsub 32 VF
vfwredosum 33 V
vfwadd.w 34 VF
vfwsub.w 36 VF
vfwmul 38 VF
vfwmacc 3c VF
vfwnmacc 3d VF
vfwmsac 3e VF
vfwnmsac 3f VF
"""
# Told apart by the field of the second source: name, funct6, field, category.
_UNARY = """
vmpopc.m 14 00 2
vmfirst.m 15 00 2
vmsbf.m 16 01 2
vmsof.m 16 02 2
vmsif.m 16 03 2
viota.m 16 10 2
vid.v 16 11 2
vfmv.f.s 0c 00 1
vfcvt.xu.f.v 22 00 1
vfcvt.x.f.v 22 01 1
vfcvt.f.xu.v 22 02 1
vfcvt.f.x.v 22 03 1
vfwcvt.xu.f.v 22 08 1
vfwcvt.x.f.v 22 09 1
vfwcvt.f.xu.v 22 0a 1
vfwcvt.f.x.v 22 0b 1
vfwcvt.f.f.v 22 0c 1
vfncvt.xu.f.v 22 10 1
vfncvt.x.f.v 22 11 1
vfncvt.f.xu.v 22 12 1
vfncvt.f.x.v 22 13 1
vfncvt.f.f.v 22 14 1
vfsqrt.v 23 00 1
vfclass.v 23 10 1
"""
_CATEGORY = {"VI": 0, "VF": 1, "VM": 2, "II": 3, "XI": 4, "FF": 5, "XM": 6}
_WIDTHS = {"b": 0, "h": 5, "w": 6, "e": 7}


def _arithmetic() -> list[str]:
    lines = []
    for text, group in ((_INTEGER, "I"), (_MULTIPLY, "M"), (_FLOAT, "F")):
        operation = "VFLOAT" if group == "F" else "VARITH"
        for line in text.split("\n"):
            if not line:
                continue
            name, number, shapes = line.split()
            for shape in shapes:
                category = _CATEGORY[shape + group]
                bits = 0x57 | category << 12 | int(number, 16) << 26
                lines.append(f"{name}.{_suffix(name, shape, group)} VA {bits:08x} {operation}")
    for line in _UNARY.strip().split("\n"):
        name, number, field, category_ = line.split()
        bits = 0x57 | int(category_) << 12 | int(number, 16) << 26 | int(field, 16) << 15
        lines.append(f"{name} VU {bits:08x} {'VFLOAT' if category_ == '1' else 'VARITH'}")
    return lines


def _suffix(name: str, shape: str, group: str) -> str:
    second = shape.lower()
    if "red" in name:
        return "vs"
    if name in ("vmerge", "vfmerge", "vadc", "vmadc", "vsbc", "vmsbc"):
        return f"v{second}m"
    if name in ("vcompress",):
        return "vm"
    if name in ("vext.x",):
        return "v"
    if name in ("vmv.s", "vfmv.s"):
        return second
    if group == "M" and name.startswith("vm") and int(name in _MASKS):
        return "mm"
    if name.endswith(".w"):
        return second
    return f"v{second}"


_MASKS = frozenset(("vmandnot", "vmand", "vmor", "vmxor", "vmornot", "vmnand", "vmnor", "vmxnor"))


def _memory() -> list[str]:
    lines = []
    for letter, width in _WIDTHS.items():
        for kind, mop, form in (("", 0, "VLU"), ("s", 2, "VL"), ("x", 3, "VL")):
            lines.append(
                f"vl{kind}{letter}{'u' if width != 7 else ''}.v {form} {7 | width << 12 | mop << 26:08x} VLOAD"
            )
            if width != 7:
                lines.append(f"vl{kind}{letter}.v {form} {7 | width << 12 | (mop | 4) << 26:08x} VLOAD")
        for signed in (0, 4) if width != 7 else (0,):
            unsigned = "u" if width != 7 and not signed else ""
            lines.append(f"vl{letter}{unsigned}ff.v VLU {7 | width << 12 | signed << 26 | 16 << 20:08x} VLOAD")
        for kind, mop, form in (("", 0, "VLU"), ("s", 2, "VS"), ("x", 3, "VS"), ("ux", 7, "VS")):
            lines.append(f"vs{kind}{letter}.v {form} {0x27 | width << 12 | mop << 26:08x} VSTORE")
    return lines


VECTOR = "\n".join(["vsetvli VSETLI 00007057 VSETVLI", "vsetvl VSET 80007057 VSETVL", *_memory(), *_arithmetic()])
"""The rows, as `rows.py` has them."""
