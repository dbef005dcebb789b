"""The verbs of training: read a recipe, plan it, run it in its own process, look at runs, scores and cards."""

from yunqi.cloud.training.service.speed import Speed, measure_speed, random_tokens
from yunqi.cloud.training.service.training import Training

__all__ = ["Speed", "Training", "measure_speed", "random_tokens"]
