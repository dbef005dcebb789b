"""The address space of a program: areas with rights, pages given on first touch, a hard limit."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from yunqi.kernel.errors import Exhausted
from yunqi.labs.riscv.engine.machine.layout import (
    DECODED,
    EMPTY,
    PAGE,
    READ,
    SLOTS,
    TLB_ENTRIES,
    TLB_WORDS,
    WRITE,
)

_AROUND = 16
"""Pages given together when one is touched."""
_CODE_PAGES = 4096
TOP = 1 << 38
"""End of the user's address space (Sv39)."""


def _nothing() -> None:
    """Tell nobody."""


class Memory:
    """Paged memory in one arena.

    Parameters
    ----------
    limit
        Bytes that pages may take together; more is refused with `Exhausted`.
    """

    def __init__(self, limit: int) -> None:
        frames = max(16, limit // PAGE)
        self.limit = frames * PAGE
        self.bytes: NDArray[np.uint8] = np.zeros((frames + 1) * PAGE, np.uint8)  # frame 0 is never given
        self.halves = self.bytes.view(np.uint16)
        self.words = self.bytes.view(np.uint32)
        self.doubles = self.bytes.view(np.int64)
        size = 1 << max(10, (2 * frames).bit_length())
        self.pages: NDArray[np.int64] = np.zeros(2 * size, np.int64)
        self.tlb: NDArray[np.int64] = np.full(TLB_ENTRIES * TLB_WORDS, EMPTY, np.int64)
        self.code: NDArray[np.int64] = np.zeros(_CODE_PAGES * SLOTS * 2, np.int64)
        self.code_index: NDArray[np.int64] = np.zeros(4 * _CODE_PAGES, np.int64)
        self.code_pages: list[int] = []
        self.areas: list[tuple[int, int, int]] = []
        self.before_forgetting: Callable[[], None] = _nothing
        self._given: dict[int, int] = {}
        self._free: list[int] = []
        self._next = 1
        self._keys = 0

    def map(self, start: int, length: int, rights: int) -> None:
        """Make an area of fresh zeros, in place of whatever was there.

        Parameters
        ----------
        start, length
            Bytes; rounded outwards to pages.
        rights
            READ, WRITE, EXECUTE added together.
        """
        first, last = start // PAGE, -(-(start + length) // PAGE)
        self.unmap(start, length)
        self.areas.append((first, last, rights))

    def unmap(self, start: int, length: int) -> None:
        """Take an area away."""
        self._cut(start // PAGE, -(-(start + length) // PAGE))
        self._drop(start // PAGE, -(-(start + length) // PAGE))

    def protect(self, start: int, length: int, rights: int) -> bool:
        """Change an area's rights; False when part of it is not there."""
        first, last = start // PAGE, -(-(start + length) // PAGE)
        if not self.holds(start, length):
            return False
        self._cut(first, last)
        self.areas.append((first, last, rights))
        for page in self._given_between(first, last):
            self._set(page, self._given[page] | rights)
        self.forget()
        return True

    def holds(self, start: int, length: int) -> bool:
        """Whether every page of a range belongs to some area."""
        at, last = start // PAGE, -(-(start + length) // PAGE)
        while at < last:
            ends = [end for begin, end, _ in self.areas if begin <= at < end]
            if not ends:
                return False
            at = max(ends)
        return True

    def is_free(self, start: int, length: int) -> bool:
        """Whether no area touches a range."""
        first, last = start // PAGE, -(-(start + length) // PAGE)
        return all(end <= first or begin >= last for begin, end, _ in self.areas)

    def touch(self, address: int, right: int) -> bool:
        """Give the page of an address (and some after it) if its area has the right; False when it has not."""
        page = address >> 12
        area = next(((a, b, r) for a, b, r in self.areas if a <= page < b), None)
        if area is None or not area[2] & right:
            return False
        if page in self._given:
            return True
        for near in range(page, min(area[1], page + _AROUND)):
            if near not in self._given:
                self._give(near, area[2], must=near == page)
        return True

    def decode_page(self, address: int) -> None:
        """Make room for the decoded instructions of a page."""
        page = address >> 12
        if len(self.code_pages) >= _CODE_PAGES:
            self.forget_code()
        base = len(self.code_pages) * SLOTS
        self.code_pages.append(page)
        mask = self.code_index.size // 2 - 1
        place = page & mask
        while self.code_index[2 * place]:
            place = (place + 1) & mask
        self.code_index[2 * place] = page + 1
        self.code_index[2 * place + 1] = base
        self._set(page, self._entry(page) | DECODED)
        self.forget()

    def forget(self) -> None:
        """Forget which pages were used recently."""
        self.tlb[:] = EMPTY

    def forget_code(self) -> None:
        """Forget every decoded instruction; who counts by slot is told before."""
        self.before_forgetting()
        for index, page in enumerate(self.code_pages):
            self.code[index * SLOTS * 2 : (index + 1) * SLOTS * 2] = 0
            if page in self._given:
                self._set(page, self._entry(page) & ~DECODED)
        self.code_pages.clear()
        self.code_index[:] = 0
        self.forget()

    def read(self, address: int, length: int) -> bytes | None:
        """Read bytes as the kernel would for the program; None where it may not read."""
        parts = []
        while length > 0:
            if not self.touch(address, READ):
                return None
            size = min(length, PAGE - (address & (PAGE - 1)))
            where = (self._entry(address >> 12) & ~(PAGE - 1)) + (address & (PAGE - 1))
            parts.append(self.bytes[where : where + size].tobytes())
            address, length = address + size, length - size
        return b"".join(parts)

    def write(self, address: int, data: bytes, *, right: int = WRITE) -> bool:
        """Write bytes as the kernel would; False where it may not (what came before the border is written)."""
        at = 0
        while at < len(data):
            if not self.touch(address, right):
                return False
            size = min(len(data) - at, PAGE - (address & (PAGE - 1)))
            entry = self._entry(address >> 12)
            where = (entry & ~(PAGE - 1)) + (address & (PAGE - 1))
            self.bytes[where : where + size] = np.frombuffer(data[at : at + size], np.uint8)
            if entry & DECODED:
                self.forget_code()
            address, at = address + size, at + size
        return True

    def used(self) -> int:
        """Return how many bytes of pages are in use."""
        return len(self._given) * PAGE

    def _cut(self, first: int, last: int) -> None:
        kept = []
        for begin, end, rights in self.areas:
            if begin < min(end, first):
                kept.append((begin, min(end, first), rights))
            if max(begin, last) < end:
                kept.append((max(begin, last), end, rights))
        self.areas = kept

    def _given_between(self, first: int, last: int) -> list[int]:
        if last - first < len(self._given):
            return [page for page in range(first, last) if page in self._given]
        return [page for page in self._given if first <= page < last]

    def _drop(self, first: int, last: int) -> None:
        pages = self._given_between(first, last)
        for page in pages:
            frame = self._given.pop(page)
            self._free.append(frame)
            self._set(page, 0)
        if pages:
            self.forget_code() if any(first <= page < last for page in self.code_pages) else self.forget()

    def _give(self, page: int, rights: int, *, must: bool) -> None:
        if self._free:
            frame = self._free.pop()
            self.bytes[frame : frame + PAGE] = 0
        elif self._next * PAGE <= self.limit:
            frame = self._next * PAGE
            self._next += 1
        elif must:
            raise Exhausted(
                f"The program uses more than {self.limit} bytes of memory. Give it more with --max-memory.",
                "max_memory",
            )
        else:
            return
        self._given[page] = frame
        self._set(page, frame | rights)

    def _place(self, page: int) -> int:
        mask = self.pages.size // 2 - 1
        place = ((page * 0x9E3779B97F4A7C1) & 0xFFFFFFFFFFFFFFFF) >> 20 & mask
        while self.pages[2 * place] not in (0, page + 1):
            place = (place + 1) & mask
        return place

    def _entry(self, page: int) -> int:
        return int(self.pages[2 * self._place(page) + 1])

    def _set(self, page: int, entry: int) -> None:
        place = self._place(page)
        if not self.pages[2 * place]:
            self._keys += 1
            if 2 * self._keys > self.pages.size // 2:
                self._rebuild()
                place = self._place(page)
        self.pages[2 * place] = page + 1
        self.pages[2 * place + 1] = entry

    def _rebuild(self) -> None:
        """Drop the keys of pages that are gone."""
        old = self.pages.reshape(-1, 2)[:].copy()
        self.pages[:] = 0
        self._keys = 0
        for key, entry in old:
            if key and entry:
                self._set(int(key) - 1, int(entry))
