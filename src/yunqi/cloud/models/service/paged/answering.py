"""From a request in the OpenAI form to a sequence, and from its tokens to chunks of the answer."""

import json
import random
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers.decoders import DecodeStream

from yunqi.cloud.models.engine.paged.choosing import Chosen, Wishes
from yunqi.cloud.models.engine.paged.sequence import Sequence
from yunqi.cloud.models.engine.paged.stops import Stops
from yunqi.cloud.models.engine.tokens.stream import Piece, Stream
from yunqi.cloud.models.engine.tokens.template import render
from yunqi.cloud.models.service.paged.compiled import ABOUT, TOKENIZER
from yunqi.kernel import Invalid

# What llama.cpp's server takes where a request says nothing, so that both engines answer alike.
_TEMPERATURE, _TOP_P, _TOP_K = 0.8, 0.95, 40


class TooLong(Exception):
    """The prompt has more tokens than fit."""

    def __init__(self, tokens: int, context: int) -> None:
        super().__init__(f"the prompt has {tokens} tokens; {context} fit")
        self.tokens, self.context = tokens, context


class Desk:
    """Makes sequences of requests, for one model.

    Parameters
    ----------
    folder
        With the graph's tokenizer and template.
    context
        Longest prompt and answer together.
    """

    def __init__(self, folder: Path, *, context: int) -> None:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        self._document = (folder / TOKENIZER).read_text(encoding="utf-8")
        self.tokenizer = tokenizers.Tokenizer.from_str(self._document)
        self._template, self._specials = about["template"], about["specials"]
        self._ends, self.vocabulary = frozenset(about["ends"]), int(about["vocabulary"])
        self.context = min(context, int(about["context"]))

    def open(
        self, asked: Mapping[str, Any], post: Callable[[dict[str, Any] | None], None]
    ) -> tuple[Sequence, random.Random]:
        """Return the sequence of a request, and the numbers that draw its tokens; chunks go to ``post``, None ends them.

        Raises
        ------
        TooLong
            When the prompt does not fit.
        Invalid
            When the template, or what is asked for, cannot be followed.
        """
        tools, seed = asked.get("tools") or [], asked.get("seed")
        offered = None if asked.get("tool_choice") == "none" else tools
        prompt = render(
            self._template, asked["messages"], tools=offered or None, now=datetime.now().astimezone(), **self._specials
        )
        tokens = list(self.tokenizer.encode(prompt, add_special_tokens=False).ids)
        if len(tokens) >= self.context:
            raise TooLong(len(tokens), self.context)
        thinking = prompt.rstrip().endswith("<think>")
        voice = _Voice(self, asked, Stream(offered or (), thinking=thinking), post)
        sequence = Sequence(
            tokens,
            _wishes(asked),
            min(int(asked.get("max_tokens") or self.context), self.context - len(tokens)),
            self._ends,
            voice.tell,
            self._grammar(asked),
            alone=seed is not None,
            mix=_mix(asked),
        )
        voice.sequence = sequence
        return sequence, random.Random(seed) if seed is not None else random.Random()

    def _grammar(self, asked: Mapping[str, Any]) -> Any:
        if not (asked.get("response_format") or asked.get("tool_choice")):
            return None
        try:
            from yunqi.cloud.models.service.paged import grammar
        except ModuleNotFoundError as error:
            raise Invalid(
                f"Answers in a given form need the package {error.name}: run scripts/setup openvino."
            ) from error
        found = grammar.wanted(asked, marked=self.tokenizer.token_to_id("<tool_call>") is not None)
        return grammar.Compiled(self._words, found) if found else None

    @cached_property
    def _words(self) -> Any:
        from yunqi.cloud.models.service.paged.grammar import Vocabulary

        return Vocabulary(self._document, self.vocabulary, sorted(self._ends))


class _Voice:
    """Tells one answer in chunks."""

    def __init__(
        self, desk: Desk, asked: Mapping[str, Any], stream: Stream, post: Callable[[dict[str, Any] | None], None]
    ) -> None:
        stop = asked.get("stop") or ()
        self._stops = Stops([stop] if isinstance(stop, str) else list(stop))
        self._words = DecodeStream(skip_special_tokens=True)
        self._tokenizer, self._stream, self._post = desk.tokenizer, stream, post
        self._called = 0
        self._logprobs: list[dict[str, Any]] = []
        self.sequence: Sequence | None = None

    def tell(self, chosen: Chosen | None, reason: str) -> bool:
        """Tell a token, or the end; see `Sequence`."""
        if chosen is None:
            self._close(reason)
            return True
        if self.sequence is not None and self.sequence.wishes.logprobs is not None:
            self._logprobs.append(self._reported(chosen))
        self._say(self._stops.feed(self._words.step(self._tokenizer, chosen.token) or ""))
        return self._stops.is_met

    def _say(self, text: str) -> None:
        self._send(self._stream.feed(text) if text else [])

    def _close(self, reason: str) -> None:
        rest = self._stops.close()
        self._send([*self._stream.feed(rest), *self._stream.close()])
        done = "tool_calls" if self._called and reason == "stop" else reason
        choices = [{"index": 0, "delta": {}, "finish_reason": done}]
        self._post({"choices": choices, "usage": self._usage(), "timings": self._timings()})
        self._post(None)

    def _send(self, pieces: list[Piece]) -> None:
        delta: dict[str, Any] = {}
        for piece in pieces:
            if piece.call is not None:
                function = {"name": piece.call.name, "arguments": piece.call.arguments}
                call = {"index": self._called, "id": piece.call.id, "type": "function", "function": function}
                delta.setdefault("tool_calls", []).append(call)
                self._called += 1
            else:
                name = "reasoning_content" if piece.kind == "thinking" else "content"
                delta[name] = delta.get(name, "") + piece.text
        if not delta and not self._logprobs:
            return
        choice: dict[str, Any] = {"index": 0, "delta": delta, "finish_reason": None}
        if self._logprobs:
            choice["logprobs"] = {"content": self._logprobs}
            self._logprobs = []
        self._post({"choices": [choice], "timings": self._timings()})

    def _usage(self) -> dict[str, Any]:
        sequence = self.sequence
        prompt, said, cached = (sequence.prompt, sequence.said, sequence.cached) if sequence else (0, 0, 0)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": said,
            "total_tokens": prompt + said,
            "prompt_tokens_details": {"cached_tokens": cached},
        }

    def _timings(self) -> dict[str, int]:
        usage = self._usage()
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        return {
            "cache_n": cached,
            "prompt_n": usage["prompt_tokens"] - cached,
            "predicted_n": usage["completion_tokens"],
            "draft_n": self.sequence.guessed if self.sequence else 0,
            "draft_n_accepted": self.sequence.kept if self.sequence else 0,
        }

    def _reported(self, chosen: Chosen) -> dict[str, Any]:
        return {
            **self._named(chosen.token, chosen.logprob),
            "top_logprobs": [self._named(token, logprob) for token, logprob in chosen.others],
        }

    def _named(self, token: int, logprob: float) -> dict[str, Any]:
        text = self._tokenizer.decode([token], skip_special_tokens=False)
        return {"token": text, "logprob": logprob, "bytes": list(text.encode())}


def _mix(asked: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the weights of the adapters, which are listed in order; none when none is used."""
    weights = tuple(float(one["scale"]) for one in asked.get("lora") or ())
    return weights if any(weights) else ()


def _wishes(asked: Mapping[str, Any]) -> Wishes:
    def given(name: str, otherwise: float) -> float:
        value = asked.get(name)
        return otherwise if value is None else float(value)

    return Wishes(
        temperature=given("temperature", _TEMPERATURE),
        top_p=given("top_p", _TOP_P),
        top_k=_TOP_K,
        presence=given("presence_penalty", 0.0),
        frequency=given("frequency_penalty", 0.0),
        logprobs=int(asked.get("top_logprobs") or 0) if asked.get("logprobs") else None,
    )
