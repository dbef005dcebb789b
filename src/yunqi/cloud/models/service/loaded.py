"""A model of the lineage in this process: its weights, its tokenizer, and what it can do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from yunqi.cloud.models.engine.lineage import guess
from yunqi.cloud.models.engine.lineage.cache import Cache
from yunqi.cloud.models.engine.lineage.sample import Sampling, padded, run
from yunqi.cloud.models.engine.lineage.spec import Spec
from yunqi.cloud.models.engine.tokens.parse import Answer, parse
from yunqi.cloud.models.engine.tokens.template import CHATML, render
from yunqi.cloud.models.engine.tokens.tokenizer import Tokenizer
from yunqi.cloud.models.model import Speech
from yunqi.cloud.models.service import reranking, sensing, speaking
from yunqi.cloud.models.service.extras import Extras
from yunqi.cloud.models.service.rows import as_block, as_rows, check, embedded_rows, is_ragged
from yunqi.cloud.models.service.telling import Told
from yunqi.kernel import Invalid

Floats = NDArray[np.float32]
Tokens = Sequence[int] | NDArray[np.integer[Any]]

_GUESSES = 8
"""Tokens that a draft guesses at a time, at most, where nobody says how many."""


class LoadedModel:
    """A model in this process; made by `load`. Not for many threads at once.

    Attributes
    ----------
    spec
        What the model is.
    tokenizer
        None when the checkpoint carries none; then only token ids go in and out.
    module, extras
        The PyTorch module; chat template, ends and special tokens of the checkpoint.
    speculation
        How guessing ahead went in the last `generate` that did.
    draft
        A smaller model that guesses; see `load`.
    """

    def __init__(self, spec: Spec, module: Any, tokenizer: Tokenizer | None, extras: Extras) -> None:
        self.draft: LoadedModel | None = None
        self.spec = spec
        self.module = module
        self.tokenizer = tokenizer
        self.extras = extras
        self.speculation: guess.Speculation | None = None

    @torch.inference_mode()
    def logits(
        self,
        token_ids: ArrayLike | Sequence[Tokens],
        *,
        attention_mask: ArrayLike | None = None,
        use_cache: bool = False,
    ) -> Any:
        """Return the logits after every token.

        Parameters
        ----------
        token_ids
            [length]; [batch, length]; or sequences of different lengths, which are padded on the left.
        attention_mask
            Which tokens are real, as token_ids; padding may stand on either side.
        use_cache
            Feed one token after the other through the cache, as generation does.

        Returns
        -------
        numpy.ndarray, or list of them
            float32 [length, vocabulary]; [batch, length, vocabulary]; or one array a sequence. A classifier returns
            [..., classes].
        """
        if is_ragged(token_ids):
            rows, _ = as_rows(token_ids)
            self._check(rows)
            ids, mask = padded(rows)
            found = self._logits(ids, mask, use_cache)
            return [row[len(row) - len(tokens) :] for row, tokens in zip(found, rows, strict=True)]
        ids, single = self._ids(token_ids)
        keep = None
        if attention_mask is not None:
            keep = torch.as_tensor(np.asarray(attention_mask, dtype=bool)).reshape(ids.shape)
        array = self._logits(ids, keep, use_cache)
        return array[0] if single else array

    def _logits(self, ids: Tensor, keep: Tensor | None, cached: bool) -> Floats:
        if not cached:
            whole: Floats = self.module(ids, keep=keep).float().numpy()
            return whole
        cache, found = self._cache(), []
        for index in range(ids.shape[1]):
            part = None if keep is None else keep[:, index : index + 1]
            found.append(self.module(ids[:, index : index + 1], keep=part, cache=cache))
        array: Floats = torch.cat(found, dim=1).float().numpy()
        return array

    def generate(
        self,
        prompt: str | ArrayLike | Sequence[Tokens],
        *,
        max_tokens: int = 64,
        max_new_tokens: int | None = None,
        temperature: float = 0.0,
        top_p: float = 1.0,
        top_k: int = 0,
        repetition_penalty: float = 1.0,
        seed: int = 0,
        stop: Sequence[str] = (),
        ahead: int | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> Any:
        """Return what follows the prompt: text for text, token ids for token ids, a list for a batch of ids.

        Parameters
        ----------
        prompt
            Text, token ids [length], or several sequences of token ids, which are padded on the left.
        max_tokens, max_new_tokens
            Longest answer; the second is the name that transformers uses, and wins.
        temperature
            0 takes the likeliest token each time.
        stop
            Texts that end the answer; they are cut off.
        ahead
            Guess so many tokens a run, by the draft, the model's own head or what was said before. A greedy answer is
            the same, a drawn one is distributed the same. How it went is in `speculation`. By default none, but with a
            draft up to 8, as many as should pay by its size and by how many were right.
        on_text
            Called with each new piece of text.

        Returns
        -------
        str, list of int, or list of lists
            Without the prompt. Token ids include the end token.
        """
        wanted = max_tokens if max_new_tokens is None else max_new_tokens
        sampling = Sampling(
            wanted, temperature, top_p, top_k, repetition_penalty, seed, self._ends(), **self._guesses(ahead)
        )
        if isinstance(prompt, str):
            return self._complete(prompt, sampling, tuple(stop), on_text)
        rows = as_rows(prompt)
        said = self._run(rows[0], sampling)
        return said if rows[1] else said[0]

    def complete(self, text: str, **options: Any) -> str:
        """Return what follows a text; options as for `generate`."""
        return str(self.generate(text, **options))

    def fill_in(self, before: str, after: str, **options: Any) -> str:
        """Return the code between two pieces of code (fill-in-the-middle, Coder members)."""
        marks = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
        for mark in marks:
            self._needed_id(mark)
        return str(self.generate(f"{marks[0]}{before}{marks[1]}{after}{marks[2]}", **options))

    def chat(
        self,
        messages: str | Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        thinking: bool | None = None,
        **options: Any,
    ) -> Answer:
        """Answer a chat.

        Parameters
        ----------
        messages
            One question, or turns in the OpenAI form.
        tools
            Functions the model may call, in the OpenAI form.
        thinking
            Ask a hybrid model to think first, or not to; None leaves it to its template.
        options
            As for `generate`.

        Returns
        -------
        Answer
            Text, thinking and tool calls apart.
        """
        prompt = self.prompt(messages, tools=tools, thinking=thinking)
        tokens = self._run([self._tokenizer().encode(prompt)], self._sampling(options))[0]
        said = self._tokenizer().decode(self._bare(tokens))
        return parse(said, tools=tools, thinking=prompt.rstrip().endswith("<think>"))

    def prompt(
        self,
        messages: str | Sequence[Mapping[str, Any]],
        *,
        tools: Sequence[Mapping[str, Any]] = (),
        thinking: bool | None = None,
    ) -> str:
        """Return the text that the model reads for a chat, by its own template."""
        turns = [{"role": "user", "content": messages}] if isinstance(messages, str) else list(messages)
        if not turns:
            raise Invalid("messages is empty; give at least one message.", param="messages")
        settings: dict[str, Any] = dict(self.extras.specials)
        if thinking is not None:
            settings["enable_thinking"] = thinking
        template = self.extras.template or CHATML
        return render(template, turns, tools=list(tools) or None, now=datetime.now().astimezone(), **settings)

    @torch.inference_mode()
    def embed(
        self, texts: str | Sequence[str] | Sequence[Tokens] | ArrayLike, *, instruction: str = "", width: int = 0
    ) -> Floats:
        """Return embeddings: the last token's final state, of length one.

        Parameters
        ----------
        texts
            One or more texts, or token ids.
        instruction
            Put before a query, as ``Instruct: ...`` (Qwen3-Embedding); documents take none.
        width
            Keep only so many first dimensions (Matryoshka); 0: all.

        Returns
        -------
        numpy.ndarray
            float32 [texts, width]; [width] for one text or one sequence of ids.
        """
        rows, single = embedded_rows(texts, instruction, self._tokenizer)
        self._check(rows)
        ids, keep = padded(rows)
        states = self.module.model(ids, keep=keep)[:, -1].float()
        states = states[:, :width] if width else states
        array: Floats = torch.nn.functional.normalize(states, dim=-1).numpy()
        return array[0] if single else array

    @torch.inference_mode()
    def rerank(self, query: str, documents: Sequence[str], *, instruction: str = reranking.TASK) -> list[float]:
        """Return how well each document answers the query, 0 to 1: the weight of "yes" against "no"."""
        tokenizer = self._tokenizer()
        yes, no = (self._needed_id(word) for word in ("yes", "no"))
        scores = []
        for document in documents:
            text = reranking.prompt(query, document, instruction)
            last = self._step(torch.tensor([tokenizer.encode(text)]), None, self._cache())[0]
            scores.append(float(torch.stack((last[no], last[yes])).float().softmax(0)[1]))
        return scores

    @torch.inference_mode()
    def see(self, images: Any, text: str | ArrayLike, *, clips: Sequence[Any] = (), **options: Any) -> Any:
        """Answer a question about pictures.

        Parameters
        ----------
        images
            One or more Pillow images or paths.
        text
            The question; or token ids that hold the placeholders already, then ids come back.
        clips
            Sound to listen to besides, as for `hear`.
        options
            As for `generate`.
        """
        return self._perceive(images, clips, text, options)

    @torch.inference_mode()
    def hear(self, clips: Any, text: str | ArrayLike, **options: Any) -> Any:
        """Answer a question about sound: one or more clips of mono samples at 16 kHz; see `see`."""
        return self._perceive((), clips, text, options)

    @torch.inference_mode()
    def speak(
        self,
        prompt: Any,
        *,
        speaker: str = "",
        reply: Any = "",
        images: Sequence[Any] = (),
        clips: Sequence[Any] = (),
        talking: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Speech:
        """Answer aloud (omni members).

        Parameters
        ----------
        prompt
            One question, turns in the OpenAI form, or token ids that hold the placeholders of pictures and sound.
        speaker
            Name of a voice; the first by default.
        reply
            What to say, in place of an answer of its own: text, or token ids.
        images, clips, options
            As for `see`, `hear` and `generate`.
        talking
            How codes of speech are chosen, as ``temperature``; by default as the makers set it.
        """
        voice = speaking.pick(self.spec, self.extras.voices, speaker)
        senses, counts = sensing.both(self.spec, images, clips)
        written = speaking.is_text(prompt)
        text = sensing.before(self.spec, counts, self.prompt(prompt)) if written else ""
        ids = self._tokenizer().encode(text) if written else as_rows(prompt)[0][0]
        self._check([ids])
        words = [*self._tokenizer().encode(reply), *self._ends()[:1]] if isinstance(reply, str) and reply else reply
        said = speaking.say(
            self.module, ids, senses, (self._sampling(options), talking or {}), voice, reply=words or ()
        )
        return replace(said, text=self._tokenizer().decode(self._bare(said.tokens))) if written else said

    def _perceive(self, images: Any, clips: Any, text: Any, options: Mapping[str, Any]) -> str | list[int]:
        sampling = self._sampling(options)
        senses, counts = sensing.both(self.spec, images, clips)
        if not isinstance(text, str):
            return sensing.answer(self.module, self.spec, as_rows(text)[0][0], senses, sampling)
        ids = self._tokenizer().encode(sensing.question(self.spec, counts, text))
        return self._tokenizer().decode(self._bare(sensing.answer(self.module, self.spec, ids, senses, sampling)))

    def _complete(
        self, prompt: str, sampling: Sampling, stop: tuple[str, ...], on_text: Callable[[str], None] | None
    ) -> str:
        tokenizer = self._tokenizer()
        told = Told(tokenizer, self._ends(), stop, on_text)
        said = self._run([tokenizer.encode(prompt)], sampling, tell=told if stop or on_text else None)[0]
        return told.cut(said)

    @torch.inference_mode()
    def _run(
        self, rows: list[list[int]], sampling: Sampling, *, tell: Callable[[int], bool] | None = None
    ) -> list[list[int]]:
        self._check(rows)
        if not sampling.ahead or (sampling.sparing and len(rows) > 1):
            return run(self._step, rows, sampling, layers=self.spec.text.layers, tell=tell)
        if len(rows) > 1:
            raise Invalid("Guessing ahead takes one prompt.", param="ahead")
        draft = None if self.draft is None else self.draft.module
        said, self.speculation = guess.ahead(self.module, rows[0], sampling, draft=draft, tell=tell)
        return [said]

    def _guesses(self, given: int | None) -> dict[str, Any]:
        if given is not None:
            return {"ahead": given}
        return {"ahead": _GUESSES, "sparing": True} if self.draft is not None else {}

    def _step(self, ids: Tensor, keep: Tensor | None, cache: Cache) -> Tensor:
        hidden = self.module.model(ids, keep=keep, cache=cache)
        last: Tensor = self.module.head(hidden[:, -1])
        return last

    def _cache(self) -> Cache:
        return Cache(self.spec.text.layers)

    def _ids(self, token_ids: Any) -> tuple[Tensor, bool]:
        array = as_block(token_ids)
        self._check([array.ravel().tolist()])
        ids = torch.from_numpy(array)
        return (ids[None], True) if array.ndim == 1 else (ids, False)

    def _check(self, rows: list[list[int]]) -> None:
        check(rows, self.spec.text.vocabulary)

    def _sampling(self, options: Mapping[str, Any]) -> Sampling:
        known = {name: value for name, value in options.items() if name != "max_new_tokens"}
        if "max_new_tokens" in options:
            known["max_tokens"] = options["max_new_tokens"]
        try:
            guesses = self._guesses(known.pop("ahead", None))
            return Sampling(**{"max_tokens": 512, **known, "ends": self._ends(), **guesses})
        except TypeError as error:
            raise Invalid(f"Unknown option: {error}.", param="options") from error

    def _ends(self) -> tuple[int, ...]:
        return self.extras.ends

    def _bare(self, tokens: Sequence[int]) -> Sequence[int]:
        return tokens[:-1] if tokens and tokens[-1] in self._ends() else tokens

    def _tokenizer(self) -> Tokenizer:
        if self.tokenizer is None:
            raise Invalid(
                f"{self.extras.source} carries no tokenizer, so it takes token ids only. Put tokenizer.json beside it."
            )
        return self.tokenizer

    def _needed_id(self, token: str) -> int:
        found = self._tokenizer().token(token)
        if found is None:
            raise Invalid(f"{self.extras.source} has no token {token!r}, so it cannot do this.")
        return found
