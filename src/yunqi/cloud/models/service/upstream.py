"""The second engine: an OpenAI-compatible server elsewhere, such as vLLM or SGLang."""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from yunqi.cloud.models.config import ModelsConfig
from yunqi.cloud.models.model import ChatRequest, Completion, EngineHealth, EngineLost, EngineState, OnDelta
from yunqi.cloud.models.service.client import ChatClient
from yunqi.kernel import Invalid


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server and the name of the model there; parsed from ``NAME=URL#MODEL``."""

    name: str
    url: str
    model: str

    @classmethod
    def parse(cls, text: str) -> "Upstream":
        """Read one entry of the setting ``models.upstreams``."""
        name, _, rest = text.strip().partition("=")
        url, _, model = rest.partition("#")
        if not name or urlsplit(url).scheme not in ("http", "https"):
            raise Invalid(
                f"models.upstreams: {text!r} is not NAME=URL#MODEL, as big=http://10.0.0.2:8000/v1#Qwen/Qwen2.5-72B.",
                param="upstreams",
            )
        return cls(name, url, model or name)


class UpstreamEngine:
    """Asks the server; waiting and batching are its own."""

    def __init__(self, upstream: Upstream, config: ModelsConfig) -> None:
        self._upstream = upstream
        self._config = config
        self._client: ChatClient | None = None
        self._running = 0
        self._trouble = ""

    async def chat(self, request: ChatRequest, on_delta: OnDelta) -> Completion:
        """Answer; see `Engine`."""
        up, config = self._upstream, self._config
        if self._client is None:
            self._client = ChatClient.over_network(up.url, key=config.upstream_key, model=up.model, name=up.name)
        self._running += 1
        try:
            async with asyncio.timeout(config.request_timeout):
                done = await self._client.chat(request, on_delta, max_tokens=request.max_tokens or config.max_tokens)
        except TimeoutError:
            self._trouble = "the last request took too long"
            raise EngineLost(f"Model {up.name} took longer than {config.request_timeout:.0f} s. Ask again.") from None
        except EngineLost as error:
            self._trouble = error.message
            raise
        finally:
            self._running -= 1
        self._trouble = ""
        return done

    def health(self) -> EngineHealth:
        """Return how the last request went."""
        state = EngineState.FAILED if self._trouble else EngineState.READY
        return EngineHealth(state, self._trouble, running=self._running)

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()
