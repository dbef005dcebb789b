"""What the commands need of the opened application."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated, Protocol

import typer

from yunqi.commerce.logistics.service import Logistics


class HasLogistics(Protocol):
    """The opened application, as far as these commands need it."""

    @property
    def logistics(self) -> Logistics:
        """The domain."""


OpenApp = Callable[[], AbstractContextManager[HasLogistics]]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
