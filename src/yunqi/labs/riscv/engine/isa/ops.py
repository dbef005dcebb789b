"""The operations that instructions are carried out by, numbered so that a range of numbers is a kind of work.

Several instructions share an operation: ``addi``, ``lui`` and ``th.addsl`` are all ``ADD`` with other operands.
The second operand of an integer operation
and the address of an access are always ``(x[rs2] << shift) + immediate``; what an instruction does not have is zero.
"""

# Integer arithmetic: rd = f(a, b), and with the old rd as third operand from MVEQZ on.
ADD, SUB, SLL, SLT, SLTU, XOR, SRL, SRA, OR, AND, ADDW, SUBW, SLLW, SRLW, SRAW = range(15)
MUL, MULH, MULHSU, MULHU, MULW = range(15, 20)
DIV, DIVU, REM, REMU, DIVW, DIVUW, REMW, REMUW = range(20, 28)
ROR, RORW, EXT, EXTU, TSTNBZ, REV, FF0, FF1, REVW, TST = range(28, 38)
MVEQZ, MVNEZ, MULA, MULS, MULAW, MULSW, MULAH, MULSH = range(38, 46)
INTEGER_END = 46

# Loads and stores of one register.
LB, LH, LW, LD, LBU, LHU, LWU, FLW, FLD = range(50, 59)
LOAD_END = 59
SB, SH, SW, SD, FSW, FSD = range(60, 66)
STORE_END = 66

# Control.
BEQ, BNE, BLT, BGE, BLTU, BGEU = range(70, 76)
BRANCH_END = 76
JAL, JALR = range(76, 78)
JUMP_END = 78

# Pairs.
LWPAIR, LWUPAIR, LDPAIR, SWPAIR, SDPAIR = range(80, 85)
PAIR_END = 85

# System.
NOP, FENCE, FENCEI, ECALL, EBREAK, CSRRW, CSRRS, CSRRC = range(90, 98)
SYSTEM_END = 98

# Atomic.
LRW, LRD, SCW, SCD = range(100, 104)
AMOSWAPW, AMOADDW, AMOXORW, AMOANDW, AMOORW, AMOMINW, AMOMAXW, AMOMINUW, AMOMAXUW = range(104, 113)
AMOSWAPD, AMOADDD, AMOXORD, AMOANDD, AMOORD, AMOMIND, AMOMAXD, AMOMINUD, AMOMAXUD = range(113, 122)
ATOMIC_END = 122

# Floating point; each double operation is its single twin plus FLOATING_STEP.
FLOATING = 130
FADDS, FSUBS, FMULS, FDIVS, FSQRTS, FMADDS, FMSUBS, FNMSUBS, FNMADDS = range(130, 139)
FSGNJS, FSGNJNS, FSGNJXS, FMINS, FMAXS, FEQS, FLTS, FLES, FCLASSS = range(139, 148)
FCVTWS, FCVTWUS, FCVTLS, FCVTLUS, FCVTSW, FCVTSWU, FCVTSL, FCVTSLU, FMVXW, FMVWX = range(148, 158)
FLOATING_STEP = 30
FADDD, FSUBD, FMULD, FDIVD, FSQRTD, FMADDD, FMSUBD, FNMSUBD, FNMADDD = range(160, 169)
FSGNJD, FSGNJND, FSGNJXD, FMIND, FMAXD, FEQD, FLTD, FLED, FCLASSD = range(169, 178)
FCVTWD, FCVTWUD, FCVTLD, FCVTLUD, FCVTDW, FCVTDWU, FCVTDL, FCVTDLU, FMVXD, FMVDX = range(178, 188)
FCVTSD, FCVTDS = range(188, 190)
FLOATING_END = 190

# Vector 0.7.1.
VECTOR = 200
VSETVLI, VSETVL = range(200, 202)
VLOAD, VSTORE = range(202, 204)
VARITH, VFLOAT = range(204, 206)
VECTOR_END = 206

NAMES: dict[int, str] = {
    value: name for name, value in list(globals().items()) if isinstance(value, int) and name[0] != "_"
}
"""The name of each operation, for messages."""
