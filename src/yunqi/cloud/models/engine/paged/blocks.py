"""The paged cache's book: which block holds which tokens, after which, and who still uses it.

Blocks form a tree, one for each mix of adapters, on which a cache depends. A sequence holds the path of its own tokens;
what it leaves stays in the tree until its place is needed, so that a later prompt finds the beginning that it shares
with any earlier one, to the token: whole blocks are shared, and of a block that agrees in part a copy is made.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

SIZE = 32
"""Tokens a block, as OpenVINO's CPU plugin has it."""


@dataclass(slots=True, eq=False)
class Block:
    """One block and the tokens that are known to be in it; ``users`` sequences hold it."""

    number: int
    before: "Block | None" = None
    tokens: list[int] = field(default_factory=list)
    after: "list[Block]" = field(default_factory=list)
    users: int = 0
    used: int = 0


@dataclass(frozen=True, slots=True)
class Known:
    """A known beginning: whole blocks, and of one more block so many tokens."""

    whole: tuple[Block, ...]
    part: Block | None = None
    tokens: int = 0

    @property
    def length(self) -> int:
        """Return the number of known tokens."""
        return len(self.whole) * SIZE + self.tokens


class BlockPool:
    """All blocks of a cache.

    Parameters
    ----------
    count
        How many there are; the sequences that run must need no more together.
    """

    def __init__(self, count: int) -> None:
        self._free = list(range(count - 1, -1, -1))
        self._roots: dict[Hashable, Block] = {}
        self._idle: dict[int, Block] = {}
        self._clock = 0

    def root(self, mix: Hashable = ()) -> Block:
        """Return what all first blocks follow that were computed with a mix of adapters."""
        return self._roots.setdefault(mix, Block(-1))

    def known(self, tokens: Sequence[int], mix: Hashable = ()) -> Known:
        """Return the longest known beginning of these tokens, computed with this mix of adapters."""
        node, whole = self.root(mix), list[Block]()
        while True:
            rest = tokens[len(whole) * SIZE : (len(whole) + 1) * SIZE]
            best, shared = None, 0
            for child in node.after:
                if (common := _common(child.tokens, rest)) > shared:
                    best, shared = child, common
            if best is None or shared < SIZE:
                return Known(tuple(whole), best, shared)
            whole.append(best)
            node = best

    def hold(self, block: Block) -> None:
        """Use a block that is known."""
        block.users += 1
        self._idle.pop(block.number, None)

    def take(self, before: Block | None, tokens: Sequence[int] = ()) -> Block | None:
        """Return an empty block that follows another, or None when all are in use; known ones give way, oldest first."""
        if not self._free and not self._forget():
            return None
        before = before or self.root()
        block = Block(self._free.pop(), before, list(tokens), users=1)
        before.after.append(block)
        return block

    def release(self, blocks: Sequence[Block]) -> None:
        """Give up a sequence's blocks, last first; what is known of them is kept."""
        self._clock += 1
        for block in reversed(blocks):
            block.users -= 1
            if block.users:
                continue
            block.used = self._clock
            if block.tokens:
                self._idle[block.number] = block
            else:
                self._drop(block)

    @property
    def available(self) -> int:
        """Return how many blocks could be taken now."""
        return len(self._free) + len(self._idle)

    def _forget(self) -> bool:
        leaves = [block for block in self._idle.values() if not block.after]
        if not leaves:
            return False
        oldest = min(leaves, key=lambda block: block.used)
        del self._idle[oldest.number]
        self._drop(oldest)
        return True

    def _drop(self, block: Block) -> None:
        if block.before is not None:
            block.before.after.remove(block)
        self._free.append(block.number)


def _common(left: Sequence[int], right: Sequence[int]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count
