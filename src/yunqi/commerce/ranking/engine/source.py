"""The port of recall."""

from typing import Protocol

from yunqi.commerce.ranking.engine.state import ShopState
from yunqi.commerce.ranking.model import Found, Request


class Source(Protocol):
    """A recall source: looks at the live state and returns its best candidates."""

    @property
    def name(self) -> str:
        """The column that its scores get."""
        ...

    def recall(self, state: ShopState, request: Request) -> Found:
        """Return candidates, best first, each once."""
        ...
