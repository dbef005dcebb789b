"""Settings of the assistant."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class AssistantConfig:
    """How questions about products are answered."""

    enabled: bool = setting(True, "Offer the assistant on the shop's pages.")
    use_model: bool = setting(True, "Let the language model word open questions. Off: facts only.")
    max_tokens: int = setting(96, "Longest answer of the model.")
    max_products: int = setting(6, "Most products one question may be about.")
    max_question: int = setting(500, "Longest question in characters.")
