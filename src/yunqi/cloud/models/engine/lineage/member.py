"""Builds a member of the lineage from its spec: the decoder, its head, its towers."""

from yunqi.cloud.models.engine.lineage.decoder import LanguageModel
from yunqi.cloud.models.engine.lineage.spec import Spec


def build(spec: Spec) -> LanguageModel:
    """Return the module; build it under ``torch.device("meta")`` to count or load without allocating."""
    return LanguageModel(spec.text)
