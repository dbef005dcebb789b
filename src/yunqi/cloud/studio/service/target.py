"""The port between the studio and hardware that runs published networks."""

from typing import Protocol

from yunqi.cloud.hub import Installed
from yunqi.cloud.studio.model import Inference, Tensor, TensorSpec


class Runner(Protocol):
    """A network that is loaded; `run` may be called from any thread, one call at a time."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def run(self, inputs: dict[str, Tensor]) -> Inference:
        """Compute the outputs; shapes and types are those of ``inputs``."""
        ...

    def prepare(self, image: bytes) -> dict[str, Tensor]:
        """Turn a PNG or JPEG file into inputs, as the network was published to want it.

        Raises
        ------
        Invalid
            When the bytes are no picture, or the network takes none.
        """
        ...


class Target(Protocol):
    """Hardware, real or simulated, that networks of one form run on."""

    name: str
    form: str
    simulated: bool

    def open(self, installed: Installed) -> Runner:
        """Load a published network.

        Raises
        ------
        Invalid, Unavailable
            When this hardware cannot run it.
        """
        ...
