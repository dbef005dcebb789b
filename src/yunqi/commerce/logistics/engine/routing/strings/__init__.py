"""Slack induction by string removals (Christiaens and Vanden Berghe, 2020), on flat arrays, compiled by numba.

Loading this package imports numba, which takes most of a second: only a solve does that. Compiled code is kept in a
folder named by a hash of these sources: numba looks only at the file of each function, not at those that it calls.
"""

from pathlib import Path

from yunqi.commerce.logistics.engine import compiled

HERE = Path(__file__).parent
SOURCES = (HERE, HERE.parent / "rich", HERE.parent / "population")
"""Folders whose compiled functions call one another."""


def folder() -> Path:
    """Return the folder of the compiled code of exactly these sources."""
    return compiled.folder(*SOURCES)


with compiled.kept(*SOURCES):
    from yunqi.commerce.logistics.engine.routing.strings import anneal, eject, links, pairs, recreate, ruin

__all__ = ["anneal", "eject", "folder", "links", "pairs", "recreate", "ruin"]
