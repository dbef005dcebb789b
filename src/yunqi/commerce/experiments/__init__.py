"""Policies and decisions: what was shown to whom, under which rule, with which probability, and what came of it.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from yunqi.commerce.experiments import MIGRATIONS, Experiments, ExperimentsConfig
>>> from yunqi.kernel import Kernel, KernelConfig
>>> with Kernel.open(KernelConfig(data_dir=Path(mkdtemp()))) as kernel:
...     _ = kernel.migrate(MIGRATIONS)
...     Experiments(kernel, ExperimentsConfig()).policies()
[]
"""

from yunqi.commerce.experiments.config import ExperimentsConfig
from yunqi.commerce.experiments.model import (
    AlreadyServing,
    Decision,
    DecisionItem,
    DecisionNotFound,
    DecisionSummary,
    Explanation,
    Outcome,
    Policy,
    PolicyNotFound,
    PolicyPromoted,
    PolicyRegistered,
    Slot,
    Stage,
    StageTrace,
    Training,
)
from yunqi.commerce.experiments.service import Experiments
from yunqi.commerce.experiments.store import MIGRATIONS

__all__ = [
    "MIGRATIONS",
    "AlreadyServing",
    "Decision",
    "DecisionItem",
    "DecisionNotFound",
    "DecisionSummary",
    "Experiments",
    "ExperimentsConfig",
    "Explanation",
    "Outcome",
    "Policy",
    "PolicyNotFound",
    "PolicyPromoted",
    "PolicyRegistered",
    "Slot",
    "Stage",
    "StageTrace",
    "Training",
]
