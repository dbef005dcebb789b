"""The assistant at work: asks, checks sentence by sentence, and falls back on the facts."""

from yunqi.commerce.assistant.service.assistant import Assistant
from yunqi.commerce.assistant.service.voice import voice

__all__ = ["Assistant", "voice"]
