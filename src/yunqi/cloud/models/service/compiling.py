"""`yunqi models compile`: makes a graph outside a running shop."""

from pathlib import Path

from yunqi.cloud.hub import Hub, HubConfig
from yunqi.cloud.models.config import ModelsConfig
from yunqi.cloud.models.service.models import Models
from yunqi.kernel import Invalid, Kernel, KernelConfig
from yunqi.kernel.config import load as load_settings

_ENGINES = {8: "openvino", 4: "openvino-int4"}


def compile_named(name: str, *, bits: int = 8) -> Path:
    """Make the graph of an installed model by the settings of this machine, and return its folder.

    Raises
    ------
    Invalid
        When the bits are neither 8 nor 4. For the rest see `Models.compile`.
    """
    if bits not in _ENGINES:
        raise Invalid(f"bits is {bits}; use 8 or 4.", param="bits")
    sections, _ = load_settings({"kernel": KernelConfig, "hub": HubConfig, "models": ModelsConfig})
    with Kernel.open(sections["kernel"]) as kernel:
        models = Models(kernel, sections["models"], hub=Hub(kernel, sections["hub"]))
        try:
            return models.compile(name, _ENGINES[bits])
        finally:
            models.close()
