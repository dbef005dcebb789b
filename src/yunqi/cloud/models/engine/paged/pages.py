"""What sequences hold of a cache: a known beginning to start from, room as they grow, and what becomes known of them."""

from yunqi.cloud.models.engine.paged.blocks import SIZE, Block, BlockPool
from yunqi.cloud.models.engine.paged.sequence import Sequence


class Pages:
    """The blocks of sequences in one pool.

    Attributes
    ----------
    copies
        Pairs of blocks: the second is to be made like the first before the next step, which is then to clear the list.
    """

    def __init__(self, pool: BlockPool) -> None:
        self._pool = pool
        self.copies: list[tuple[int, int]] = []

    def begin(self, sequence: Sequence) -> None:
        """Start where the known beginning of the prompt ends; its last token is always read, for its logits."""
        known = self._pool.known(sequence.tokens[:-1], sequence.mix)
        for block in known.whole:
            self._pool.hold(block)
        sequence.blocks = list(known.whole)
        sequence.past = len(known.whole) * SIZE
        if known.part is not None:
            self._pool.hold(known.part)  # so that it is not what gives way
            copy = self._pool.take(self._last(sequence), known.part.tokens[: known.tokens])
            if copy is not None:
                self.copies.append((known.part.number, copy.number))
                sequence.blocks.append(copy)
                sequence.past += known.tokens
            self._pool.release([known.part])
        sequence.cached = sequence.past

    def grow(self, sequence: Sequence, length: int) -> bool:
        """Make room for so many tokens of a sequence; false when there is none."""
        while len(sequence.blocks) * SIZE < length:
            block = self._pool.take(self._last(sequence))
            if block is None:
                return False
            sequence.blocks.append(block)
        return True

    @staticmethod
    def write(sequence: Sequence, count: int) -> None:
        """Write down that the next ``count`` tokens of a sequence are in the cache."""
        for place in range(sequence.past, sequence.past + count):
            sequence.blocks[place // SIZE].tokens.append(sequence.tokens[place])
        sequence.past += count

    def release(self, sequence: Sequence) -> None:
        """Give up what a sequence holds; what is known of it is kept."""
        self._pool.release(sequence.blocks)
        sequence.blocks = []

    def _last(self, sequence: Sequence) -> Block:
        return sequence.blocks[-1] if sequence.blocks else self._pool.root(sequence.mix)
