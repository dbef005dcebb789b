"""Slack induction by string removals (Christiaens and Vanden Berghe, 2020), on flat arrays, compiled by numba.

Loading this package imports numba, which takes most of a second: only a solve does that. Compiled code is kept in a
folder named by a hash of these sources: numba looks only at the file of each function, not at those that it calls.
"""

import hashlib
import os
import tempfile
from pathlib import Path

import numba


def folder() -> Path:
    """Return the folder of the compiled code of exactly these sources."""
    here = Path(__file__).parent
    folders = (here, here.parent / "rich", here.parent / "population")
    sources = [path.read_bytes() for folder in folders for path in sorted(folder.glob("*.py"))]
    compiled = [text for text in sources if b"from numba import njit" in text or b" = range(" in text]
    # numba keys its cache by the path of the source too: another checkout has compiled code of its own.
    mark = hashlib.sha256(b"".join([*compiled, str(here).encode()])).hexdigest()[:12]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for root in (base, Path(tempfile.gettempdir())):
        found = root / "yunqi" / f"compiled-{mark}"
        try:
            found.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(found, os.W_OK):
            return found
    return here


_before = numba.config.CACHE_DIR
numba.config.CACHE_DIR = str(folder())
try:
    from yunqi.commerce.logistics.engine.routing.strings import anneal, eject, links, pairs, recreate, ruin
finally:
    numba.config.CACHE_DIR = _before

__all__ = ["anneal", "eject", "folder", "links", "pairs", "recreate", "ruin"]
