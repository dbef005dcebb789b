"""Language models that answer: an embedded CPU engine in a child process, or any OpenAI-compatible server.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from yunqi.cloud.hub import Hub, HubConfig
>>> from yunqi.cloud.models import Models, ModelsConfig
>>> from yunqi.kernel import Kernel, KernelConfig
>>> with Kernel.open(KernelConfig(data_dir=Path(mkdtemp()))) as kernel:
...     models = Models(kernel, ModelsConfig(), hub=Hub(kernel, HubConfig()))
...     [(model.id, model.health.state.value) for model in models.list()]
[('qwen2.5-coder-0.5b-instruct', 'missing'), ('smollm2-135m-instruct', 'missing')]
"""

from yunqi.cloud.models.config import ModelsConfig
from yunqi.cloud.models.engine.m6.layouts import M6Layout, m6_layouts
from yunqi.cloud.models.engine.m6.spec import M6Count, M6Spec
from yunqi.cloud.models.engine.weights.gguf_names import gguf_name, gguf_paired
from yunqi.cloud.models.engine.weights.gguf_write import GgufTensor, write_gguf
from yunqi.cloud.models.model import (
    BadCheckpoint,
    ChatRequest,
    Completion,
    ContextTooLong,
    Delta,
    EngineBusy,
    EngineHealth,
    EngineLost,
    EngineState,
    Message,
    Model,
    ModelUnknown,
    OnDelta,
    Speech,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from yunqi.cloud.models.service import Engine, Models, compiled_logits, load, load_config, m6, open_weights

__all__ = [
    "BadCheckpoint",
    "ChatRequest",
    "Completion",
    "ContextTooLong",
    "Delta",
    "Engine",
    "EngineBusy",
    "EngineHealth",
    "EngineLost",
    "EngineState",
    "GgufTensor",
    "M6Count",
    "M6Layout",
    "M6Spec",
    "Message",
    "Model",
    "ModelUnknown",
    "Models",
    "ModelsConfig",
    "OnDelta",
    "Speech",
    "ToolCall",
    "ToolCallDelta",
    "Usage",
    "compiled_logits",
    "gguf_name",
    "gguf_paired",
    "load",
    "load_config",
    "m6",
    "m6_layouts",
    "open_weights",
    "write_gguf",
]
