"""Element by element on integers: plain, widening, narrowing, saturating, comparing, multiplying."""

import numpy as np

from yunqi.labs.riscv.engine.compiled import compiled, inlined
from yunqi.labs.riscv.engine.machine import lanes
from yunqi.labs.riscv.engine.machine import layout as at
from yunqi.labs.riscv.engine.machine.integer import below, high_unsigned, quotient, quotient_unsigned, shift_right
from yunqi.labs.riscv.engine.machine.vector_fixed import average, clip, fraction, rounded, saturated, scaled_sum


@compiled
def integers(funct6, category, bits, scalar, c, v):
    """Carry out an instruction that works element by element."""
    sew, many, unmasked = lanes.element_bits(c), lanes.group(c), (bits >> 25) & 1 != 0
    vd, vs1, vs2 = (bits >> 7) & 31, (bits >> 15) & 31, (bits >> 20) & 31
    multiply, vectors = category == 2 or category == 6, category == 0 or category == 2
    wide = funct6 >= 0x30
    narrow = not multiply and funct6 >= 0x2C and funct6 < 0x30
    wide_source = narrow or (multiply and funct6 >= 0x34 and funct6 < 0x38)
    compares = not multiply and (funct6 == 0x11 or funct6 == 0x13 or (funct6 >= 0x18 and funct6 < 0x20))
    reduces = not multiply and (funct6 == 0x30 or funct6 == 0x31)
    if not legal(vd, vs1, vs2, many, sew, wide and not reduces, wide_source, compares or reduces, vectors and not reduces,
                 wide or narrow, unmasked or compares or reduces or funct6 == 0x17):  # fmt: skip
        c[at.STOP] = at.ILLEGAL
        return
    if c[at.VL] == 0:
        return
    if reduces:
        wide_sum(funct6 == 0x30, vd, vs1, vs2, sew, unmasked, c, v)
        return
    immediate = lanes.signed(vs1, 5)
    if not multiply and (funct6 == 0x1C or funct6 == 0x1E or funct6 == 0x20):
        immediate = vs1  # unsigned ones take it so in 0.7.1
    elif not multiply and (funct6 == 0x25 or (funct6 >= 0x28 and funct6 < 0x30)):
        immediate = vs1
    fixed = scalar if category == 4 or category == 6 else immediate
    carries = not multiply and funct6 >= 0x10 and funct6 <= 0x13
    target = sew * 2 if wide else sew
    for index in range(c[at.VSTART], c[at.VL]):
        if not carries and funct6 != 0x17 and not lanes.active(v, index, unmasked, c):
            continue
        a = lanes.get(v, vs2, index, sew * 2 if wide_source else sew)
        b = lanes.get(v, vs1, index, sew) if vectors else lanes.signed(fixed, sew)
        if not vectors and (sew == 64 or (narrow and category == 4)):
            b = fixed
        if compares:
            carry = carries and lanes.mask_bit(v, 0, index, c)
            lanes.put_mask(v, vd, index, compare(funct6, a, b, sew, carry), c)
        elif funct6 == 0x17 and not multiply:
            lanes.put(v, vd, index, sew, b if unmasked or lanes.mask_bit(v, 0, index, c) else a)
        elif carries:
            carry = np.int64(1) if lanes.mask_bit(v, 0, index, c) else np.int64(0)
            lanes.put(v, vd, index, sew, a + b + carry if funct6 == 0x10 else a - b - carry)
        else:
            old = lanes.get(v, vd, index, target)
            found = product(funct6, a, b, old, sew, c) if multiply else plain(funct6, a, b, old, sew, c)
            lanes.put(v, vd, index, target, found)
    if compares:
        lanes.zero_mask_tail(v, vd, c)
    else:
        lanes.zero_tail(v, vd, c[at.VL], lanes.most(c), target)


@inlined
def legal(vd, vs1, vs2, many, sew, wide_target, wide_source, small_target, vectors, doubles, masked_well):
    """Whether the registers begin groups, and groups and elements are not too large."""
    if doubles and (sew == 64 or many == 8):
        return False
    if not small_target and vd % (many * 2 if wide_target else many):
        return False
    if vs2 % (many * 2 if wide_source else many) or (vectors and vs1 % many):
        return False
    return masked_well or vd != 0


@compiled
def wide_sum(without_sign, vd, vs1, vs2, sew, unmasked, c, v):
    """Add up elements in twice their width."""
    total = lanes.get(v, vs1, 0, sew * 2)
    for index in range(c[at.VL]):
        if lanes.active(v, index, unmasked, c):
            value = lanes.get(v, vs2, index, sew)
            total += lanes.unsigned(value, sew) if without_sign else value
    lanes.zero_tail(v, vd, 0, lanes.BITS // 8, 8)
    lanes.put(v, vd, 0, sew * 2, total)


@compiled
def compare(funct6, a, b, sew, carry):
    """Return whether a comparison holds, or an addition or subtraction carries."""
    ua, ub = lanes.unsigned(a, sew), lanes.unsigned(b, sew)
    one = np.int64(1) if carry else np.int64(0)
    if funct6 == 0x11:
        total = lanes.unsigned(ua + ub + one, sew)
        return below(total, ua) or (carry and total == ua)
    if funct6 == 0x13:
        return below(ua, ub) or (carry and ua == ub)
    if funct6 == 0x18:
        return ua == ub
    if funct6 == 0x19:
        return ua != ub
    if funct6 == 0x1A:
        return below(ua, ub)
    if funct6 == 0x1B:
        return a < b
    if funct6 == 0x1C:
        return not below(ub, ua)
    if funct6 == 0x1D:
        return a <= b
    return below(ub, ua) if funct6 == 0x1E else a > b


@compiled
def plain(funct6, a, b, old, sew, c):
    """Return the result of an integer or fixed-point operation."""
    ua, ub = lanes.unsigned(a, sew), lanes.unsigned(b, sew)
    if funct6 <= 0x03:
        return a + b if funct6 == 0 else (a - b if funct6 == 2 else b - a)
    if funct6 <= 0x07:
        first = below(ua, ub) if funct6 == 4 or funct6 == 6 else a < b
        return (a if first else b) if funct6 <= 5 else (b if first else a)
    if funct6 <= 0x0B:
        return a & b if funct6 == 9 else (a | b if funct6 == 10 else a ^ b)
    if funct6 <= 0x23:
        return saturated(funct6, a, b, sew, c)
    if funct6 == 0x24 or funct6 == 0x26:
        return average(a, b, funct6 == 0x26, c)
    if funct6 == 0x27:
        return fraction(a, b, sew, c)
    if funct6 >= 0x30:
        return scaled_sum(funct6, a, b, old, sew, c)
    shift = b & (2 * sew - 1 if funct6 >= 0x2C else sew - 1)
    width = 2 * sew if funct6 >= 0x2C else sew
    if funct6 == 0x25:
        return a << shift
    if funct6 == 0x28 or funct6 == 0x2C:
        return shift_right(lanes.unsigned(a, width), shift)
    if funct6 == 0x29 or funct6 == 0x2D:
        return a >> shift
    without_sign = funct6 == 0x2A or funct6 == 0x2E
    value = rounded(lanes.unsigned(a, width) if without_sign else a, shift, without_sign, c)
    return clip(value, sew, without_sign, c) if funct6 >= 0x2E else value


@compiled
def product(funct6, a, b, old, sew, c):
    """Return the result of a multiplication, division, or widening operation."""
    ua, ub = lanes.unsigned(a, sew), lanes.unsigned(b, sew)
    if funct6 < 0x24:
        if funct6 == 0x20 or funct6 == 0x22:
            return quotient_unsigned(ua, ub, funct6 == 0x20)
        return quotient(a, b, funct6 == 0x21)
    if funct6 < 0x28:
        return high(funct6, a, b, ua, ub, sew)
    if funct6 < 0x30:
        if funct6 == 0x29:
            return old * b + a
        if funct6 == 0x2B:
            return a - old * b
        return old + a * b if funct6 == 0x2D else old - a * b
    if funct6 < 0x38:
        without_sign = funct6 & 1 == 0
        left = (ua if without_sign else a) if funct6 < 0x34 else a
        right = ub if without_sign else b
        return left + right if funct6 & 2 == 0 else left - right
    start = old if funct6 >= 0x3C else np.int64(0)
    if funct6 == 0x38 or funct6 == 0x3C:
        return start + ua * ub
    if funct6 == 0x3A:
        return a * ub
    if funct6 == 0x3E:
        return start + ua * b
    return start + (a * ub if funct6 == 0x3F else a * b)


@inlined
def high(funct6, a, b, ua, ub, sew):
    """Return the low half, or the high half, of a product."""
    if funct6 == 0x25:
        return a * b
    if sew < 64:
        if funct6 == 0x24:
            return shift_right(ua * ub, sew)
        return (a * (b if funct6 == 0x27 else ub)) >> sew
    found = high_unsigned(a, b)
    if funct6 == 0x24:
        return found
    found -= (a >> 63) & b
    return found - ((b >> 63) & a) if funct6 == 0x27 else found
