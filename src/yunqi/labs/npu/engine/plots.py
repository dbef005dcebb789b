"""Plots as SVG text: a roofline, a scatter of designs, the memory over time."""

import math
from collections.abc import Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 760, 440, 70, 50, 40, 20
Point = tuple[float, float, str]


class _Axis:
    def __init__(self, low: float, high: float, start: float, end: float, *, logarithmic: bool) -> None:
        self.logarithmic = logarithmic
        self.low, self.high = (math.log10(low), math.log10(high)) if logarithmic else (low, high)
        self.start, self.end = start, end

    def place(self, value: float) -> float:
        position = math.log10(max(value, 1e-12)) if self.logarithmic else value
        share = (position - self.low) / ((self.high - self.low) or 1)
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)

    def ticks(self) -> list[float]:
        if self.logarithmic:
            return [10.0**power for power in range(math.ceil(self.low), math.floor(self.high) + 1)]
        step = 10 ** math.floor(math.log10((self.high - self.low) or 1))
        step = step if (self.high - self.low) / step >= 4 else step / 2
        first = math.ceil(self.low / step)
        return [step * place for place in range(first, math.floor(self.high / step) + 1)]


def roofline(points: Sequence[Point], *, peak: float, bandwidth: float, title: str) -> str:
    """Return layers under the chip's roofs; points are (operations a byte, operations a second, name)."""
    shown = [point for point in points if point[0] > 0 and point[1] > 0]
    lows = [point[0] for point in shown] or [1.0]
    x = _Axis(min(0.5, *lows), max(1e4, *lows), _LEFT, _WIDTH - _RIGHT, logarithmic=True)
    y = _Axis(peak / 1e4, peak * 2, _HEIGHT - _BOTTOM, _TOP, logarithmic=True)
    ridge = peak / bandwidth
    line = [(10**x.low, bandwidth * 10**x.low), (ridge, peak), (10**x.high, peak)]
    path = " ".join(f"{x.place(a):.1f},{y.place(b):.1f}" for a, b in line)
    body = f'<polyline points="{path}" fill="none" stroke="#c2410c" stroke-width="2"/>'
    body += "".join(_dot(x, y, point, "#1d4ed8") for point in shown)
    return _page(title, x, y, body, "operations a byte", "operations a second")


def scatter(points: Sequence[Point], best: Sequence[Point], *, title: str, across: str, up: str) -> str:
    """Return designs with those that none beats joined by a line."""
    every = [*points, *best] or [(1.0, 1.0, "")]
    x = _Axis(0, max(point[0] for point in every) * 1.05, _LEFT, _WIDTH - _RIGHT, logarithmic=False)
    y = _Axis(0, max(point[1] for point in every) * 1.05, _HEIGHT - _BOTTOM, _TOP, logarithmic=False)
    path = " ".join(f"{x.place(a):.1f},{y.place(b):.1f}" for a, b, _ in sorted(best))
    body = f'<polyline points="{path}" fill="none" stroke="#c2410c" stroke-width="2"/>'
    body += "".join(_dot(x, y, point, "#94a3b8") for point in points)
    body += "".join(_dot(x, y, point, "#c2410c") for point in best)
    return _page(title, x, y, body, across, up)


def steps(values: Sequence[float], *, title: str, across: str, up: str, limit: float) -> str:
    """Return a staircase of values under a limit, as memory over the steps of a program."""
    x = _Axis(0, max(1, len(values)), _LEFT, _WIDTH - _RIGHT, logarithmic=False)
    y = _Axis(0, max([*values, limit]) * 1.05, _HEIGHT - _BOTTOM, _TOP, logarithmic=False)
    corners = [(place + side, value) for place, value in enumerate(values) for side in (0, 1)]
    path = " ".join(f"{x.place(a):.1f},{y.place(b):.1f}" for a, b in corners)
    level = y.place(limit)
    body = f'<polyline points="{path}" fill="none" stroke="#1d4ed8" stroke-width="1.5"/>'
    body += f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{level:.1f}" y2="{level:.1f}" stroke="#c2410c"/>'
    return _page(title, x, y, body, across, up)


def _dot(x: _Axis, y: _Axis, point: Point, colour: str) -> str:
    place = f'cx="{x.place(point[0]):.1f}" cy="{y.place(point[1]):.1f}"'
    return f'<circle {place} r="3.5" fill="{colour}" fill-opacity="0.75"><title>{escape(point[2])}</title></circle>'


def _page(title: str, x: _Axis, y: _Axis, body: str, across: str, up: str) -> str:
    base = _HEIGHT - _BOTTOM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
        f'<path d="M{_LEFT} {_TOP}V{base}H{_WIDTH - _RIGHT}" fill="none" stroke="#334155"/>',
    ]
    for tick in x.ticks():
        parts.append(f'<text x="{x.place(tick):.1f}" y="{base + 16}" text-anchor="middle">{_short(tick)}</text>')
    for tick in y.ticks():
        parts.append(f'<text x="{_LEFT - 6}" y="{y.place(tick) + 4:.1f}" text-anchor="end">{_short(tick)}</text>')
    middle = (_LEFT + _WIDTH) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 10}" text-anchor="middle">{escape(across)}</text>')
    parts.append(f'<text x="14" y="{_TOP - 8}">{escape(up)}</text>')
    return "".join([*parts, body, "</svg>"])


def _short(value: float) -> str:
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"
