"""Model serving at work: the child process, the protocol client, the two engines, and the models of this machine."""

from yunqi.cloud.models.service.engine import Engine
from yunqi.cloud.models.service.models import Models
from yunqi.cloud.models.service.opening import load, load_config, m6, open_weights
from yunqi.cloud.models.service.scoring import compiled_logits

__all__ = ["Engine", "Models", "compiled_logits", "load", "load_config", "m6", "open_weights"]
