"""The program as text and as bytes: assemble, disassemble, and back without loss.

::

    tensor.conv @0x188000+802816 <- @0x180000+150528 w@0x0+9664 [kernel=7x7 stride=2x2] | Relu ; wait m0 ; signal t1
"""

import re
from collections.abc import Iterable

import msgspec

from yunqi.labs.npu.model import Instruction, Place, ProgramRefused

MAGIC = b"YNPU\x01"
_LINE = re.compile(
    r"(?P<opcode>\S+) @(?P<target>\S+) <-(?P<sources>(?: @\S+)*)(?: w@(?P<weights>\S+))?"
    r"(?: \[(?P<fields>[^\]]*)\])?(?: \| (?P<stages>[^;]*?))?(?P<rest>(?: ; [^;]+)*)"
)
_PLACE = re.compile(r"0x([0-9a-f]{1,12})\+([0-9]{1,15})")


def to_text(instructions: Iterable[Instruction]) -> str:
    """Return one line for each instruction."""
    return "".join(_line(one) + "\n" for one in instructions)


def from_text(text: str) -> list[Instruction]:
    """Read a program; empty lines and ``#`` comments are skipped.

    Raises
    ------
    ProgramRefused
        Naming the line.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.split("#", 1)[0].strip()
        if bare:
            try:
                found.append(_parsed(bare))
            except ProgramRefused as error:
                raise ProgramRefused(f"Line {number}: {error.message}", "program") from error
    return found


def assemble(text: str) -> bytes:
    """Return the program's image."""
    return MAGIC + msgspec.msgpack.encode(from_text(text))


def disassemble(image: bytes) -> str:
    """Return an image's text.

    Raises
    ------
    ProgramRefused
        When the bytes are no program.
    """
    if not image.startswith(MAGIC):
        raise ProgramRefused("The bytes are no NPU program: they do not start with its mark.", "program")
    try:
        return to_text(msgspec.msgpack.decode(image[len(MAGIC) :], type=list[Instruction]))
    except (msgspec.MsgspecError, ProgramRefused, RecursionError) as error:
        raise ProgramRefused(f"The program is damaged: {str(error)[:120]}", "program") from error


def _line(one: Instruction) -> str:
    parts = [f"{one.opcode} {_place(one.target)} <-", *[_place(source) for source in one.sources]]
    if one.weights is not None:
        parts.append("w" + _place(one.weights))
    if one.fields:
        parts.append("[" + " ".join(f"{name}={'x'.join(map(str, values))}" for name, values in one.fields) + "]")
    if one.stages:
        parts.append("| " + " ".join(one.stages))
    parts += [f"; wait {token}" for token in one.waits]
    if one.signals:
        parts.append(f"; signal {one.signals}")
    if one.split != "none":
        parts.append(f"; split {one.split}")
    return " ".join(parts)


def _place(place: Place) -> str:
    return f"@{place.address:#x}+{place.size}"


def _parsed(line: str) -> Instruction:
    match = _LINE.fullmatch(" ".join(line.split()))
    if match is None:
        raise ProgramRefused(
            f"{line[:80]!r} is no instruction: opcode @target <- @source… w@weights [fields] | stages."
        )
    waits, signals, split = [], "", "none"
    for clause in match["rest"].split(" ; ")[1:]:
        word, _, value = clause.partition(" ")
        if word == "wait":
            waits.append(value)
        elif word == "signal" and not signals:
            signals = value
        elif word == "split" and split == "none":
            split = value
        else:
            raise ProgramRefused(f"{clause[:40]!r} is no clause; there are wait, signal and split.")
    return Instruction(
        opcode=match["opcode"],
        target=_read_place(match["target"]),
        sources=tuple(_read_place(word[1:]) for word in match["sources"].split()),
        weights=_read_place(match["weights"]) if match["weights"] else None,
        fields=tuple(_field(word) for word in (match["fields"] or "").split()),
        stages=tuple((match["stages"] or "").split()),
        waits=tuple(waits),
        signals=signals,
        split=split,
    )


def _read_place(text: str) -> Place:
    match = _PLACE.fullmatch(text)
    if match is None:
        raise ProgramRefused(f"{text[:40]!r} is no place; write 0xADDRESS+BYTES.")
    return Place(int(match[1], 16), int(match[2]))


def _field(text: str) -> tuple[str, tuple[int, ...]]:
    name, _, values = text.partition("=")
    try:
        return name, tuple(int(value) for value in values.split("x"))
    except ValueError as error:
        raise ProgramRefused(f"{text[:40]!r} is no field; write name=1x2.") from error
