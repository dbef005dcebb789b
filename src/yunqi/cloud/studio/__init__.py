"""The OpenAI-compatible gateway: names, quotas and metering before every model.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from yunqi.cloud.hub import Hub, HubConfig
>>> from yunqi.cloud.models import Models, ModelsConfig
>>> from yunqi.cloud.studio import Studio, StudioConfig
>>> from yunqi.kernel import Kernel, KernelConfig
>>> with Kernel.open(KernelConfig(data_dir=Path(mkdtemp()))) as kernel:
...     models = Models(kernel, ModelsConfig(), hub=Hub(kernel, HubConfig()))
...     Studio(kernel, StudioConfig(), models=models).resolve("default").id
'qwen2.5-coder-0.5b-instruct'
"""

from yunqi.cloud.studio.config import StudioConfig
from yunqi.cloud.studio.engine.asked import Asked
from yunqi.cloud.studio.engine.tensors import datatype
from yunqi.cloud.studio.model import (
    Alias,
    Deployment,
    DeploymentExists,
    DeploymentUnknown,
    Inference,
    ModelCalled,
    Quota,
    QuotaReached,
    Tensor,
    TensorSpec,
)
from yunqi.cloud.studio.service import Call, Deployments, Runner, Studio, Target
from yunqi.cloud.studio.store import MIGRATIONS

__all__ = [
    "MIGRATIONS",
    "Alias",
    "Asked",
    "Call",
    "Deployment",
    "DeploymentExists",
    "DeploymentUnknown",
    "Deployments",
    "Inference",
    "ModelCalled",
    "Quota",
    "QuotaReached",
    "Runner",
    "Studio",
    "StudioConfig",
    "Target",
    "Tensor",
    "TensorSpec",
    "datatype",
]
