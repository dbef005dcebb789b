"""The studio's port, implemented: a published network on the simulated chip."""

import time
from pathlib import Path
from typing import Any

from yunqi.cloud.hub import Installed
from yunqi.cloud.studio import Inference, Tensor, TensorSpec, datatype
from yunqi.kernel import Invalid
from yunqi.labs.npu.model import Graph
from yunqi.labs.npu.service.npu import Npu, require
from yunqi.labs.npu.service.pictures import Preparation, prepared
from yunqi.labs.npu.service.publishing import FORM, predicted, reopened


class SimulatedChip:
    """Runs published networks in the chip's integers; time and energy are the timing model's.

    Parameters
    ----------
    npu
        The lab, for the chip that it asks about by default.
    """

    form = FORM
    simulated = True

    def __init__(self, npu: Npu) -> None:
        self.name = Path(npu.config.chip).stem

    def open(self, installed: Installed) -> "ChipRunner":
        """Load a published network.

        Raises
        ------
        Invalid
            When it was compiled for another chip.
        ExtraMissing, NetworkRefused
            When the lab's packages are missing, or the archive is damaged.
        """
        require("onnx")
        return ChipRunner(Path(installed.path).read_bytes(), self.name)


class ChipRunner:
    """One network on the simulated chip."""

    def __init__(self, data: bytes, chip: str) -> None:
        from yunqi.labs.npu.engine.integer import Executor

        artifact, compiled = reopened(data)
        if compiled.chip.name != chip:
            raise Invalid(f"It was compiled for {compiled.chip.name!r}; the chip here is {chip!r}.", param="target")
        self._graph: Graph = compiled.graph
        self._executor = Executor(compiled.program, artifact.quantised)
        self._preparation = _preparation(artifact.manifest.get("pictures"))
        self._predicted = predicted(compiled)
        self._hardware = f"{chip} (simulated)"
        self.inputs = _specs(self._graph, self._graph.inputs)
        self.outputs = _specs(self._graph, self._graph.outputs)

    def run(self, inputs: dict[str, Tensor]) -> Inference:
        """Compute the chip's own bits; ``host_ms`` is this machine's time for it."""
        began = time.perf_counter()
        found = self._executor.run(inputs)
        took = round((time.perf_counter() - began) * 1e3, 3)
        return Inference(
            outputs=found, simulated=True, hardware=self._hardware, host_ms=took,
            predicted_ms=self._predicted["latency_ms"], predicted_joules=self._predicted["joules"],
        )  # fmt: skip

    def prepare(self, image: bytes) -> dict[str, Tensor]:
        """Turn a picture into the network's input, as it was published."""
        require("PIL")
        if self._preparation is None:
            raise Invalid("The network was published without a picture's mean and deviation: send tensors.", "image")
        return prepared(self._graph, image, self._preparation)


def _preparation(found: Any) -> Preparation | None:
    if not found:
        return None
    return Preparation(tuple(map(float, found["mean"])), tuple(map(float, found["deviation"])))


def _specs(graph: Graph, names: tuple[str, ...]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(name, datatype(graph.values[name].dtype), graph.shape(name)) for name in names)
