"""Reading what a user names."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from yunqi.commerce.logistics.engine import tables
from yunqi.kernel import Invalid, NotFound

LARGEST = 50_000_000
"""Bytes; larger files are no planning problems."""


def read_text(path: Path, wanted: str, *, largest: int = LARGEST) -> str:
    """Return a file's text.

    Parameters
    ----------
    wanted
        What the file should be, for the message when it is not there.
    largest
        Bytes that it may have.

    Raises
    ------
    NotFound, Invalid
        It is not there, too large, or no text.
    """
    if path.is_dir():
        raise Invalid(f"{path} is a folder; give {wanted}", "file")
    if not path.is_file():
        raise NotFound(f"{path} is not there; give {wanted}", "file")
    if path.stat().st_size > largest:
        raise Invalid(f"{path.name} is larger than {largest // 1_000_000} MB, too large for a planning problem", "file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{path.name} is no UTF-8 text; save it as UTF-8 (in spreadsheets: CSV UTF-8)", "file") from error


def read_rows(path: Path, columns: Sequence[str]) -> Iterator[tables.Row]:
    """Return the rows of a CSV file that has these columns; see `engine.tables.rows`."""
    text = read_text(path, f"a CSV file with the columns {', '.join(columns)}")
    return tables.rows(text, what=path.name, needed=columns)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file that a user names.

    Raises
    ------
    Invalid
        It can't be written there; says why.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise Invalid(
            f"{path} cannot be written: {error.strerror}; give a file in a folder that is there", "out"
        ) from error
