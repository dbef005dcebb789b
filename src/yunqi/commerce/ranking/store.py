"""The snapshot of the state: one file, replaced whole. It can be deleted at any time: the log makes it again."""

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[np.generic]]


class SnapshotFile:
    """Named arrays in a file, with a mark of what they were made from."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, arrays: Arrays, mark: str) -> None:
        """Write a new snapshot and put it in place of the old one in one step."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(f".{os.getpid()}.part")
        try:
            with temporary.open("wb") as out:
                np.savez(out, allow_pickle=False, mark=np.array(mark), **arrays)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(self._path)
        finally:
            temporary.unlink(missing_ok=True)

    def read(self) -> tuple[dict[str, npt.NDArray[np.generic]], str] | None:
        """Return the arrays and their mark, or ``None`` without a readable snapshot."""
        try:
            with np.load(self._path, allow_pickle=False) as found:
                arrays = {name: found[name] for name in found.files}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile):
            return None
        mark = arrays.pop("mark", None)
        return None if mark is None else (arrays, str(mark))
