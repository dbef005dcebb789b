"""Tokenizers: byte-level BPE trained on the run's text, in the layout that Qwen's models use."""

import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from yunqi.kernel.errors import Invalid

END, TURN, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
SPECIAL = (END, TURN, TURN_END)
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHAT_TEMPLATE = (
    "{%- for message in messages -%}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor -%}"
    "{%- if add_generation_prompt -%}<|im_start|>assistant\n{% endif -%}"
)


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Train a byte-level BPE with Qwen's word splitting and its three special tokens at the end of the vocabulary."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    missing = vocabulary - len(SPECIAL) - tokenizer.get_vocab_size()
    tokenizer.add_special_tokens([AddedToken(word, special=True, normalized=False) for word in SPECIAL])
    if missing > 0:  # a tiny corpus has fewer merges than asked; the model's size stays what the recipe says
        fill = [AddedToken(f"<|unused_{n}|>", special=True, normalized=False) for n in range(missing)]
        tokenizer.add_special_tokens(fill)
    return tokenizer


def load_tokenizer(place: Path) -> Tokenizer:
    """Load a tokenizer.json, or the one in a folder."""
    file = place / "tokenizer.json" if place.is_dir() else place
    if not file.is_file():
        raise Invalid(f"There is no tokenizer.json at {place}.", param="tokenizer")
    return Tokenizer.from_file(str(file))


def save_tokenizer(tokenizer: Tokenizer, folder: Path, *, base: Path | None = None) -> None:
    """Write the tokenizer's files in the layout of official checkpoints; ``base`` gives its own settings along."""
    tokenizer.save(str(folder / "tokenizer.json"))
    if base is not None and (base / "tokenizer_config.json").is_file():
        for name in ("tokenizer_config.json", "chat_template.jinja", "special_tokens_map.json"):
            if (base / name).is_file() and base != folder:
                shutil.copyfile(base / name, folder / name)
        return
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": TURN_END,
        "pad_token": END,
        "chat_template": CHAT_TEMPLATE,
        "model_max_length": 1_000_000,
        "clean_up_tokenization_spaces": False,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def special_id(tokenizer: Tokenizer, word: str) -> int:
    """Return the id of a special token."""
    found = tokenizer.token_to_id(word)
    if found is None:
        raise Invalid(f"The tokenizer has no {word}; training needs the special tokens {', '.join(SPECIAL)}.")
    return int(found)


class Writer:
    """Turns examples into token ids and marks those that are learned."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.end = special_id(tokenizer, END)
        self._turn = special_id(tokenizer, TURN)
        self.turn_end = special_id(tokenizer, TURN_END)

    def texts(self, texts: Iterable[str]) -> Iterator[list[int]]:
        """Yield each text's ids with the end mark."""
        for encoded in self._batches(texts):
            yield [*encoded, self.end]

    def chat(self, messages: list[dict[str, Any]], *, open_turn: bool = False) -> tuple[list[int], list[int]]:
        """Return a chat's ids, and 1 for each token that the assistant wrote (its end mark included)."""
        ids: list[int] = []
        counted: list[int] = []
        for message in messages:
            head = [self._turn, *self._encode(f"{message['role']}\n")]
            body = [*self._encode(str(message["content"])), self.turn_end]
            learned = 1 if message["role"] == "assistant" else 0
            ids += [*head, *body, *self._encode("\n")]
            counted += [0] * len(head) + [learned] * len(body) + [0]
        if open_turn:
            head = [self._turn, *self._encode("assistant\n")]
            ids, counted = ids + head, counted + [0] * len(head)
        return ids, counted

    def decode(self, ids: list[int]) -> str:
        """Return the text of ids, without special tokens."""
        return str(self._tokenizer.decode(ids, skip_special_tokens=True))

    def encode(self, text: str) -> list[int]:
        """Return a text's ids."""
        return self._encode(text)

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _batches(self, texts: Iterable[str]) -> Iterator[list[int]]:
        batch: list[str] = []
        for text in texts:
            batch.append(text)
            if len(batch) == 1000:
                yield from (e.ids for e in self._tokenizer.encode_batch(batch, add_special_tokens=False))
                batch = []
        yield from (e.ids for e in self._tokenizer.encode_batch(batch, add_special_tokens=False))
