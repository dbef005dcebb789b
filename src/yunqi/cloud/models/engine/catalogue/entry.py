"""One member of the catalogue."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A published model.

    Parameters
    ----------
    name
        As its makers call it.
    kind
        ``chat``, ``code``, ``math``, ``reason``, ``embed``, ``rerank``, ``vision``, ``audio`` or ``omni``.
    config
        The keys of its config.json that decide its shape.
    total, active, body
        Parameters as published, in the digits they were published in (as ``7.61B``): all, those a token uses, and
        all but the embeddings; empty where nothing was published.
    source
        Where they were published.
    note
        Why a published figure and the counted one differ, where they do.
    """

    name: str
    kind: str
    config: Mapping[str, Any]
    total: str
    source: str
    active: str = ""
    body: str = ""
    note: str = ""

    @property
    def generation(self) -> str:
        """Return the config's model type."""
        return str(self.config["model_type"])


_SCALE = {"M": 6, "B": 9, "T": 12}


def within(published: str, counted: int) -> bool:
    """Whether a count rounds to, or is cut to, the published figure in its own digits."""
    digits, power = published[:-1], _SCALE[published[-1]]
    places = len(digits.split(".")[1]) if "." in digits else 0
    unit: int = 10 ** (power - places)
    whole = int(digits.replace(".", "")) * unit
    return 2 * abs(counted - whole) <= unit or whole <= counted < whole + unit
