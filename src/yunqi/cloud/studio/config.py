"""Settings of the studio."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class StudioConfig:
    """Names, limits and quotas of the OpenAI-compatible gateway."""

    default_model: str = setting(
        "qwen2.5-coder-0.5b-instruct", "The model behind the name `default`, and the one the shop's assistant uses."
    )
    aliases: tuple[str, ...] = setting(
        (), "Further names as NAME=MODEL, for example gpt-4o-mini=qwen2.5-coder-0.5b-instruct."
    )
    requests_per_minute: int = setting(120, "Requests a minute for each key. 0: no limit.")
    tokens_per_minute: int = setting(60_000, "Tokens a minute, prompt and answer together, for each key. 0: no limit.")
    quotas: tuple[str, ...] = setting((), "Other quotas for keys by name, as NAME=REQUESTS/TOKENS.")
    body_limit_bytes: int = setting(1_000_000, "Largest chat request.")
