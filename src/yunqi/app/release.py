"""The installed release."""

import importlib.metadata


def installed_version() -> str:
    """Return the version of the installed package, 0 where it runs from a folder that was never installed."""
    try:
        return importlib.metadata.version("yunqi")
    except importlib.metadata.PackageNotFoundError:
        return "0"
