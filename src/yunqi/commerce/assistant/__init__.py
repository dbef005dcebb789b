"""Questions about the products on a page, answered from the catalog's facts only.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from yunqi.commerce.assistant import Assistant, AssistantConfig, NothingToAskAbout
>>> from yunqi.commerce.catalog import MIGRATIONS, Catalog, CatalogConfig
>>> from yunqi.kernel import Kernel, KernelConfig
>>> with Kernel.open(KernelConfig(data_dir=Path(mkdtemp()))) as kernel:
...     _ = kernel.migrate(MIGRATIONS)
...     catalog = Catalog(kernel, CatalogConfig())
...     assistant = Assistant(kernel, AssistantConfig(), catalog=catalog, complete=lambda turns, most: iter(()))
...     try:
...         assistant.ask("What does it cost?", ["42"])
...     except NothingToAskAbout as error:
...         print(error)
None of these products is in the catalog.
"""

from yunqi.commerce.assistant.config import AssistantConfig
from yunqi.commerce.assistant.model import (
    Answered,
    AnswerEvent,
    Citation,
    Complete,
    Done,
    FactSheet,
    Failed,
    Intent,
    NothingToAskAbout,
    Spoken,
    Text,
    Tokens,
    Turn,
    UnitPrice,
)
from yunqi.commerce.assistant.service import Assistant, voice

__all__ = [
    "AnswerEvent",
    "Answered",
    "Assistant",
    "AssistantConfig",
    "Citation",
    "Complete",
    "Done",
    "FactSheet",
    "Failed",
    "Intent",
    "NothingToAskAbout",
    "Spoken",
    "Text",
    "Tokens",
    "Turn",
    "UnitPrice",
    "voice",
]
