"""Asks a loop and waits for the answers."""

import random
import threading
from collections.abc import Callable

from yunqi.cloud.models.engine.paged.choosing import Chosen, Wishes
from yunqi.cloud.models.engine.paged.sequence import Grammar, Sequence
from yunqi.cloud.models.service.paged.loop import Loop


def answers(
    loop: Loop,
    prompts: list[list[int]],
    wishes: Wishes = Wishes(temperature=0.0),
    *,
    tokens: int = 40,
    ends: frozenset[int] = frozenset(),
    grammar: Callable[[], Grammar] | None = None,
) -> list[Sequence]:
    """Ask a loop all prompts at once, each with draws of its own, and return how they ended."""
    sequences, ended = [], []
    for place, prompt in enumerate(prompts):
        done = threading.Event()

        def tell(chosen: Chosen | None, reason: str, done: threading.Event = done) -> bool:
            if chosen is None:
                done.set()
            return False

        sequences.append(Sequence(list(prompt), wishes, tokens, ends, tell, grammar() if grammar else None))
        ended.append(done)
        loop.add(sequences[-1], random.Random(place))
    assert all(done.wait(60) for done in ended)
    return sequences


def said(sequences: list[Sequence]) -> list[list[int]]:
    """Return the answers."""
    return [one.tokens[one.prompt :] for one in sequences]
