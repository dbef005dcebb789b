"""Training: from raw text to a served, billed model, by one file.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from yunqi.cloud.hub import Hub, HubConfig
>>> from yunqi.cloud.training import MIGRATIONS, Training, TrainingConfig
>>> from yunqi.kernel import Kernel, KernelConfig
>>> folder = Path(mkdtemp())
>>> _ = (folder / "text.txt").write_text("a red dress\\n" * 50)
>>> _ = (folder / "run.toml").write_text(
...     'kind = "pretrain"\\nname = "tiny"\\n[train]\\nsteps = 10\\n[[data]]\\npath = "text.txt"\\n'
... )
>>> with Kernel.open(KernelConfig(data_dir=folder / "var")) as kernel:
...     _ = kernel.migrate(MIGRATIONS)
...     training = Training(kernel, TrainingConfig(), hub=Hub(kernel, HubConfig()))
...     plan = training.plan(training.read(folder / "run.toml"))
>>> plan.parameters, plan.documents, plan.steps
(11945536, 50, 10)
"""

from yunqi.cloud.training.config import TrainingConfig
from yunqi.cloud.training.model import (
    DataBroken,
    Kind,
    LossBroken,
    MemoryShort,
    Plan,
    Recipe,
    Run,
    RunState,
    Score,
    Stopped,
    TrainingFinished,
    WorkerLost,
)
from yunqi.cloud.training.service import Speed, Training, measure_speed, random_tokens
from yunqi.cloud.training.store import MIGRATIONS

__all__ = [
    "MIGRATIONS",
    "DataBroken",
    "Kind",
    "LossBroken",
    "MemoryShort",
    "Plan",
    "Recipe",
    "Run",
    "RunState",
    "Score",
    "Speed",
    "Stopped",
    "Training",
    "TrainingConfig",
    "TrainingFinished",
    "WorkerLost",
    "measure_speed",
    "random_tokens",
]
