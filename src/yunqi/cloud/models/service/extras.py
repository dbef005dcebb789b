"""What stands beside a model's weights."""

from dataclasses import dataclass, field

from yunqi.cloud.models.engine.weights.voices import Voices


@dataclass(frozen=True, slots=True)
class Extras:
    """What stands beside the weights: chat template, ends, voices, special tokens by name, where it came from."""

    template: str = ""
    ends: tuple[int, ...] = ()
    source: str = ""
    voices: Voices = field(default_factory=dict)
    specials: dict[str, str] = field(default_factory=dict)
