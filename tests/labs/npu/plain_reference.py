"""The small network in plain Python integers and fractions: written from the arithmetic's rules, without the engine.

Rules: a factor f becomes round(f * 2**s), s such that the largest factor of the step has 24 bits; sums are exact; the
result is the nearest integer, ties away from zero, clipped to the symmetric range (and to zero where a rectifier follows).
"""

import math
from typing import Any

LIMIT = {8: 127, 16: 32767}


def shift_of(factors: list[float]) -> int:
    return 23 - math.floor(math.log2(max(factors)))


def whole(factor: float, shift: int) -> int:
    return round(factor * 2**shift)


def nearest(value: int, shift: int) -> int:
    half = 1 << (shift - 1)
    return -((-value + half) >> shift) if value < 0 else (value + half) >> shift


def clip(value: int, bits: int, low: int | None = None) -> int:
    bottom = -LIMIT[bits] if low is None else low
    return max(bottom, min(LIMIT[bits], value))


def stored(real: float, scale: float, bits: int) -> int:
    return clip(int(math.copysign(math.floor(abs(real / scale) + 0.5), real)), bits)


Map = list[list[list[int]]]  # channel, row, column


def conv(x: Map, w: Any, bias: list[int], *, stride: int, pad: int, groups: int = 1) -> Map:
    channels, inner, kernel = len(w), len(w[0]), len(w[0][0])
    high, wide = len(x[0]), len(x[0][0])
    rows, columns = (high + 2 * pad - kernel) // stride + 1, (wide + 2 * pad - kernel) // stride + 1
    share = channels // groups
    out = []
    for c in range(channels):
        first = c // share * inner
        plane = []
        for i in range(rows):
            line = []
            for j in range(columns):
                total = bias[c]
                for k in range(inner):
                    for a in range(kernel):
                        for b in range(kernel):
                            y, z = i * stride + a - pad, j * stride + b - pad
                            if 0 <= y < high and 0 <= z < wide:
                                total += int(x[first + k][y][z]) * int(w[c][k][a][b])
                line.append(total)
            plane.append(line)
        out.append(plane)
    return out


def bias_of(bias: Any, unit: float, scales: Any) -> list[int]:
    return [round(float(b) / (unit * float(s))) for b, s in zip(bias, scales, strict=True)]


def requantise(sums: Map, factors: list[float], bits: int, low: int | None = None) -> Map:
    shift = shift_of(factors)
    return [
        [[clip(nearest(v * whole(f, shift), shift), bits, low) for v in line] for line in plane]
        for plane, f in zip(sums, factors, strict=True)
    ]


def add(sums: Map, factors: list[float], other: Map, factor: float, low: int | None) -> Map:
    shift = shift_of([*factors, factor])
    second = whole(factor, shift)
    return [
        [
            [clip(nearest(v * whole(f, shift) + o * second, shift), 8, low) for v, o in zip(l1, l2, strict=True)]
            for l1, l2 in zip(p1, p2, strict=True)
        ]
        for p1, p2, f in zip(sums, other, factors, strict=True)
    ]


def max_pool(x: Map) -> Map:
    """Three by three, stride one, padding one."""
    high, wide = len(x[0]), len(x[0][0])
    return [
        [
            [
                max(
                    p[y][z] for y in range(i - 1, i + 2) for z in range(j - 1, j + 2) if 0 <= y < high and 0 <= z < wide
                )
                for j in range(wide)
            ]
            for i in range(high)
        ]
        for p in x
    ]


def average(x: Map, factor: float) -> Map:
    """Two by two, stride two; ``factor`` has the quarter in it."""
    shift = shift_of([factor])
    return [
        [
            [
                clip(nearest(sum(p[i + a][j + b] for a in (0, 1) for b in (0, 1)) * whole(factor, shift), shift), 8)
                for j in range(0, len(p[0]) - 1, 2)
            ]
            for i in range(0, len(p) - 1, 2)
        ]
        for p in x
    ]


def run(x: Any, q: Any, constants: Any) -> dict[str, Any]:
    """Return every stored tensor of `networks.small_cnn` for one image of real numbers."""
    s = {name: float(quantity.scale) for name, quantity in q.activations.items()}
    weights = {
        name: (data.tolist(), [float(v) for v in quantity.scale]) for name, (data, quantity) in q.weights.items()
    }

    def factors(source: str, weight: str, target: str) -> list[float]:
        return [s[source] * scale / s[target] for scale in weights[weight][1]]

    t: dict[str, Any] = {"x": [[[stored(float(v), s["x"], 8) for v in line] for line in plane] for plane in x]}
    sums = conv(t["x"], weights["w1"][0], bias_of(constants("b1"), s["x"], weights["w1"][1]), stride=2, pad=1)
    t["r1"] = requantise(sums, factors("x", "w1", "r1"), 8, low=0)
    t["p1"] = max_pool(t["r1"])
    sums = conv(t["p1"], weights["w2"][0], [0] * 8, stride=1, pad=0)
    t["r2"] = add(sums, factors("p1", "w2", "r2"), t["p1"], s["p1"] / s["r2"], low=0)
    sums = conv(
        t["r2"], weights["w3"][0], bias_of(constants("b3"), s["r2"], weights["w3"][1]), stride=1, pad=1, groups=8
    )
    wide = requantise(sums, factors("r2", "w3", "c3"), 16)
    entries = {v: stored(v * s["c3"] / (1 + math.exp(-v * s["c3"])), s["m"], 8) for v in range(-32767, 32768)}
    t["m"] = [[[entries[v] for v in line] for line in plane] for plane in wide]
    t["p2"] = average(t["m"], s["m"] / s["p2"] / 4)
    factor = s["p2"] / s["g"] / 16
    shift = shift_of([factor])
    t["g"] = [clip(nearest(sum(map(sum, plane)) * whole(factor, shift), shift), 8) for plane in t["p2"]]
    line = [
        sum(int(a) * int(b) for a, b in zip(row, t["g"], strict=True)) + extra
        for row, extra in zip(weights["w4"][0], bias_of(constants("b4"), s["f"], weights["w4"][1]), strict=True)
    ]
    many = factors("f", "w4", "y")
    shift = shift_of(many)
    t["y"] = [clip(nearest(v * whole(f, shift), shift), 16) for v, f in zip(line, many, strict=True)]
    return t
