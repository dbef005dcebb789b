"""What can go wrong with a network on its way to the chip.

::

    Invalid
    ├── NetworkRefused     the file is no network that can be read: corrupt, hostile, cyclic, too large
    │   └── ShapeUnknown   a dimension is not known and no option gave it
    ├── NotSupported       neither the chip nor the host can run it
    └── DoesNotFit         the plan needs more on-chip memory than there is
    Unavailable
    └── ExtraMissing       the package that this needs is not installed
"""

from yunqi.kernel.errors import Invalid, Unavailable


class NetworkRefused(Invalid):
    """The file cannot be read as a network."""

    code = "network_refused"


class ShapeUnknown(NetworkRefused):
    """A dimension is dynamic and was not given."""

    code = "shape_unknown"


class NotSupported(Invalid):
    """An operator runs neither on the chip nor on the host."""

    code = "unsupported_operator"


class DoesNotFit(Invalid):
    """The plan needs more on-chip memory than the chip has."""

    code = "does_not_fit"


class ExtraMissing(Unavailable):
    """An optional package is not installed."""

    code = "extra_missing"

    def __init__(self, package: str) -> None:
        super().__init__(f"The NPU tools need the package {package}: run `scripts/setup labs` or install yunqi[labs].")
