"""Files as they come in."""

from pathlib import Path

from yunqi.kernel.errors import Invalid, NotFound

_LARGEST = 1 << 28


def file_bytes(file: Path) -> bytes:
    """Return a file's bytes, with an error that names it where that cannot be."""
    try:
        if file.stat().st_size > _LARGEST:
            raise Invalid(f"{file} is larger than {_LARGEST >> 20} MiB.", "file")
        return file.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"There is no file {file}.", "file") from None
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.", "file") from error
