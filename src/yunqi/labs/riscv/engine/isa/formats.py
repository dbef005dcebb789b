"""Where the fields of an instruction stand: the bits that each format leaves free."""

R, RX, R1, I, SH, SHW, U, UPC, J, B, L, S = range(12)  # noqa: E741 - the names of the manual
LX, LXU, LUA, LUB, SX, SXU, SUA, SUB, LP, LPD, SP, SPD = range(12, 24)
FL, FS, FLX, FLXU, FSX, FSXU = range(24, 30)
F, F1, FF, F4, FX, FXF, FC, XF, XFF = range(30, 39)
CSR, CSRI, WHOLE, FENCE, EXT, LR, A, CACHE0, CACHE = range(39, 48)
VSETLI, VSET, VL, VS, VA, VU, VLU = range(48, 55)

_RD, _RS1, _RS2, _RS3, _F3, _F7 = 0xF80, 0xF8000, 0x1F00000, 0xF8000000, 0x7000, 0xFE000000
_IMM12, _REGS, _SHIFT2 = 0xFFF00000, 0xF80 | 0xF8000 | 0x1F00000, 0x06000000

FREE: dict[str, int] = {
    "R": _REGS,
    "RX": _REGS | _SHIFT2,
    "R1": _RD | _RS1,
    "I": _RD | _RS1 | _IMM12,
    "SH": _RD | _RS1 | _RS2 | 0x02000000,
    "SHW": _RD | _RS1 | _RS2,
    "U": _RD | 0xFFFFF000,
    "UPC": _RD | 0xFFFFF000,
    "J": _RD | 0xFFFFF000,
    "B": _F7 | _RS2 | _RS1 | _RD,
    "L": _RD | _RS1 | _IMM12,
    "S": _F7 | _RS2 | _RS1 | _RD,
    "LX": _REGS | _SHIFT2,
    "LXU": _REGS | _SHIFT2,
    "LUA": _REGS | _SHIFT2,
    "LUB": _REGS | _SHIFT2,
    "SX": _REGS | _SHIFT2,
    "SXU": _REGS | _SHIFT2,
    "SUA": _REGS | _SHIFT2,
    "SUB": _REGS | _SHIFT2,
    "LP": _REGS | _SHIFT2,
    "LPD": _REGS | _SHIFT2,
    "SP": _REGS | _SHIFT2,
    "SPD": _REGS | _SHIFT2,
    "FL": _RD | _RS1 | _IMM12,
    "FS": _F7 | _RS2 | _RS1 | _RD,
    "FLX": _REGS | _SHIFT2,
    "FLXU": _REGS | _SHIFT2,
    "FSX": _REGS | _SHIFT2,
    "FSXU": _REGS | _SHIFT2,
    "F": _REGS | _F3,
    "F1": _RD | _RS1 | _F3,
    "FF": _REGS,
    "F4": _REGS | _F3 | _RS3,
    "FX": _RD | _RS1 | _F3,
    "FXF": _RD | _RS1,
    "FC": _REGS,
    "XF": _RD | _RS1 | _F3,
    "XFF": _RD | _RS1,
    "CSR": _RD | _RS1 | _IMM12,
    "CSRI": _RD | _RS1 | _IMM12,
    "WHOLE": 0,
    "FENCE": _RD | _RS1 | _IMM12,
    "EXT": _RD | _RS1 | _IMM12,
    "LR": _RD | _RS1 | 0x06000000,
    "A": _REGS | 0x06000000,
    "CACHE0": 0,
    "CACHE": _RS1,
    "VSETLI": _RD | _RS1 | 0x7FF00000,
    "VSET": _REGS,
    "VL": _REGS | 0xE2000000,
    "VS": _REGS | 0xE2000000,
    "VA": _REGS | 0x02000000,
    "VU": _RD | _RS2 | 0x02000000,
    "VLU": _RD | _RS1 | 0xE2000000,
}
"""The free bits of each format; the others are fixed by the row."""

_F4_FIXED = 0x06000000
FREE["F4"] &= ~_F4_FIXED & 0xFFFFFFFF
