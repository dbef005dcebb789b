"""The files of neighbours: each build is a new file, and the newest readable one counts."""

import os
import zipfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[np.generic]]


class NeighbourFiles:
    """A folder of builds named by the event they stand at."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, arrays: Arrays, seq: int) -> str:
        """Write a build, drop older ones but the last, and return its name."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"neighbours-{seq:012d}.npz"
        temporary = path.with_suffix(f".{os.getpid()}.part")
        try:
            with temporary.open("wb") as out:
                np.savez(out, allow_pickle=False, **arrays)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        for old in self._builds()[2:]:
            old.unlink(missing_ok=True)
        return path.name

    def read(self) -> Arrays | None:
        """Return the newest readable build."""
        for path in self._builds():
            try:
                with np.load(path, allow_pickle=False) as found:
                    return {name: found[name] for name in found.files}
            except (OSError, ValueError, EOFError, zipfile.BadZipFile):
                continue
        return None

    def exist(self) -> bool:
        """Whether there is a build."""
        return bool(self._builds())

    def _builds(self) -> list[Path]:
        return sorted(self._folder.glob("neighbours-*.npz"), reverse=True)
