"""What needs the extra ``logistics``."""

from collections.abc import Iterator
from contextlib import contextmanager

from yunqi.kernel import Unavailable


@contextmanager
def needs_extra(name: str) -> Iterator[None]:
    """Turn a missing package into a word about how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("yunqi"):
            raise
        raise Unavailable(f"This needs {error.name}, of the extra {name}: run scripts/setup {name}.") from error
