"""Where compiled code is kept: in a folder named by its sources, as numba looks only at each function's own file."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numba


def folder(*sources: Path) -> Path:
    """Return the folder of the compiled code of exactly these folders' sources: those with compiled functions or columns."""
    texts = [path.read_bytes() for source in sources for path in sorted(source.glob("*.py"))]
    compiled = [text for text in texts if b"njit" in text or b" = range(" in text]
    # numba keys its cache by the path of the source too: another checkout has compiled code of its own.
    mark = hashlib.sha256(b"".join([*compiled, str(sources[0]).encode()])).hexdigest()[:12]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for root in (base, Path(tempfile.gettempdir())):
        found = root / "yunqi" / f"compiled-{mark}"
        try:
            found.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(found, os.W_OK):
            return found
    return sources[0]


@contextmanager
def kept(*sources: Path) -> Iterator[Path]:
    """Keep what is compiled of the modules that are loaded inside in the folder of these sources."""
    before = numba.config.CACHE_DIR
    found = folder(*sources)
    numba.config.CACHE_DIR = str(found)
    try:
        yield found
    finally:
        numba.config.CACHE_DIR = before
