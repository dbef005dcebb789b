"""One instruction of the chip's program: an engine's fused operation on memory, with the tokens it waits for."""

import re
from dataclasses import dataclass

from yunqi.kernel.errors import Invalid

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_TOKEN = re.compile(r"[tpm][0-9]+")


class ProgramRefused(Invalid):
    """A program text or image cannot be assembled."""

    code = "program_refused"


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes in on-chip memory."""

    address: int
    size: int

    def __post_init__(self) -> None:
        if self.address < 0 or self.size < 0 or self.address >= 1 << 48 or self.size >= 1 << 48:
            raise ProgramRefused(f"{self.address:#x}+{self.size} is no place in memory.")


@dataclass(frozen=True, slots=True)
class Instruction:
    """A fused operation.

    Parameters
    ----------
    opcode
        Engine and operation, as ``tensor.conv``.
    target, sources, weights
        Where the result, the activations and the constants lie.
    fields
        The operation's numbers by name, as ``kernel`` and ``stride``.
    stages
        Operations of the element-wise stages, in order.
    waits, signals
        Tokens: what must have been signalled before, and what this signals at its end. Letters name engines.
    split
        How cores share one image: ``rows``, ``channels`` or ``none``.
    """

    opcode: str
    target: Place
    sources: tuple[Place, ...] = ()
    weights: Place | None = None
    fields: tuple[tuple[str, tuple[int, ...]], ...] = ()
    stages: tuple[str, ...] = ()
    waits: tuple[str, ...] = ()
    signals: str = ""
    split: str = "none"

    def __post_init__(self) -> None:
        words = (self.opcode, *self.stages, *[name for name, _ in self.fields])
        if not all(_WORD.fullmatch(word) for word in words) or "." not in self.opcode:
            raise ProgramRefused(f"{self.opcode!r} or one of its words is no name.")
        if not all(_TOKEN.fullmatch(token) for token in (*self.waits, *([self.signals] if self.signals else []))):
            raise ProgramRefused(f"{self.opcode}: a token is a letter t, p or m and a number.")
        if self.split not in ("none", "rows", "channels"):
            raise ProgramRefused(f"{self.opcode}: split is none, rows or channels, not {self.split!r}.")
        if any(not values or any(abs(v) >= 1 << 62 for v in values) for _, values in self.fields):
            raise ProgramRefused(f"{self.opcode}: every field needs whole numbers of at most 62 bits.")
