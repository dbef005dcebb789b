"""The command line: ``yunqi DOMAIN VERB``."""

from yunqi.app.cli.main import main

__all__ = ["main"]
