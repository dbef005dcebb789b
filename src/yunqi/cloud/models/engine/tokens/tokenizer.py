"""Byte-level BPE as the family uses it, from any of the files that carry it."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers

from yunqi.cloud.models.engine.weights.folder import read_json
from yunqi.cloud.models.model import BadCheckpoint

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Qwen's tokenizers, from 2023 on, cut text into words."""

MARKED_SPLIT = SPLIT.replace(r"?\p{L}+", r"?[\p{L}\p{M}]+").replace(r"[^\s\p{L}\p{N}]+", r"[^\s\p{L}\p{M}\p{N}]+")
"""The same from Qwen3.5 on, where marks belong to the letters they stand on."""

_LLAMA3 = SPLIT.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
_SMOLLM = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_FIRST_SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|extra_{n}|>" for n in range(205)))


class Tokenizer:
    """Encodes and decodes; special tokens in the text are recognised unless told otherwise."""

    def __init__(self, inner: tokenizers.Tokenizer) -> None:
        self._inner = inner

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text; nothing is added around it."""
        return list(self._inner.encode(text, add_special_tokens=False).ids)

    def decode(self, token_ids: Sequence[int], *, specials: bool = False) -> str:
        """Return the text of tokens, without special tokens unless asked for."""
        return str(self._inner.decode(list(token_ids), skip_special_tokens=not specials))

    def token(self, text: str) -> int | None:
        """Return the id of one token, or None."""
        found: int | None = self._inner.token_to_id(text)
        return found

    def text(self, token_id: int) -> str | None:
        """Return how the vocabulary spells a token, or None."""
        found: str | None = self._inner.id_to_token(token_id)
        return found

    def difference(self, other: "Tokenizer") -> str:
        """Return how the vocabularies differ, in a few words; nothing when each id is the same token in both."""
        mine, theirs = (one._inner.get_vocab(with_added_tokens=True) for one in (self, other))
        if mine == theirs:
            return ""
        if len(mine) != len(theirs):
            return f"{len(mine)} tokens and {len(theirs)}"
        word = min((word for word in mine if mine[word] != theirs.get(word)), key=lambda word: mine[word])
        return f"token {mine[word]} is {word!r} and {other.text(mine[word])!r}"

    def save(self, path: Path) -> None:
        """Write the tokenizer as a tokenizer.json."""
        self._inner.save(str(path))

    @property
    def size(self) -> int:
        """Return the number of tokens, special ones included."""
        return int(self._inner.get_vocab_size())


def unfit(draft: str, name: str, difference: str) -> str:
    """Return what to say of a draft whose vocabulary is another one than its model's."""
    return (
        f"{draft} cannot guess for {name}: their vocabularies differ ({difference}, {name} first). Take a smaller model "
        "with the same tokenizer, usually of the same generation, or none."
    )


def read_tokenizer(folder: Path) -> Tokenizer | None:
    """Return the tokenizer of a checkpoint folder, or None when it carries none.

    Raises
    ------
    BadCheckpoint
        When its files are damaged.
    """
    if (folder / "tokenizer.json").is_file():
        return _from_json(folder / "tokenizer.json")
    if (folder / "vocab.json").is_file() and (folder / "merges.txt").is_file():
        return _from_merges(folder)
    for found in sorted(folder.glob("*.tiktoken")):
        return from_tiktoken(found)
    return None


def _from_json(path: Path) -> Tokenizer:
    document = read_json(path)
    model = document.get("model") if isinstance(document, dict) else None
    if not isinstance(model, dict) or not isinstance(model.get("vocab"), dict | list):
        raise BadCheckpoint(f"{path} describes no tokenizer: it lacks a model with a vocabulary.")
    try:
        return Tokenizer(tokenizers.Tokenizer.from_file(str(path)))
    except Exception as error:  # the library raises nothing narrower
        raise BadCheckpoint(f"{path} describes no tokenizer: {error}.") from error


def byte_level(
    vocabulary: dict[str, int], merges: list[tuple[str, str]], *, split: str = SPLIT
) -> tokenizers.Tokenizer:
    """Return a byte-level BPE tokenizer with NFC normalisation and this cutting rule."""
    inner = tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=False))
    if split in (SPLIT, MARKED_SPLIT):
        inner.normalizer = normalizers.NFC()
    cut: list[Any] = [pre_tokenizers.Digits(individual_digits=True)] if split == _SMOLLM else []
    if split == _SMOLLM:
        cut.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True))
    else:
        cut = [
            pre_tokenizers.Split(Regex(split), behavior="isolated", invert=False),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    inner.pre_tokenizer = pre_tokenizers.Sequence(cut)
    inner.decoder = decoders.ByteLevel()
    return inner


def from_gguf(values: dict[str, Any]) -> Tokenizer | None:
    """Return the tokenizer that a GGUF file carries, or None when it is not byte-level BPE."""
    tokens, merges = values.get("tokenizer.ggml.tokens"), values.get("tokenizer.ggml.merges")
    if values.get("tokenizer.ggml.model") != "gpt2" or not tokens or merges is None:
        return None
    split = {"smollm": _SMOLLM, "llama-bpe": _LLAMA3, "qwen35": MARKED_SPLIT}.get(
        str(values.get("tokenizer.ggml.pre")), SPLIT
    )
    kinds = values.get("tokenizer.ggml.token_type") or [1] * len(tokens)
    control, words = ([token for token, kind in zip(tokens, kinds, strict=True) if kind == one] for one in (3, 4))
    pairs = [tuple(line.split(" ", 1)) for line in merges]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    inner = byte_level(vocabulary, [(pair[0], pair[1]) for pair in pairs if len(pair) == 2], split=split)
    inner.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in control])
    # Marks that are part of what is said, as <tool_call>: one token each, and kept when an answer is read.
    inner.add_tokens([AddedToken(token, special=False, normalized=False) for token in words])
    return Tokenizer(inner)


def from_tiktoken(path: Path, *, specials: Sequence[str] = _FIRST_SPECIALS, split: str = SPLIT) -> Tokenizer:
    """Return the tokenizer of a file that lists tokens by rank, in base 64, as Qwen's first generation has one."""
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            spelling, place = line.split()
            ranks[base64.b64decode(spelling)] = int(place)
        except ValueError as error:
            raise BadCheckpoint(f"{path}, line {number}: it is no token and rank.") from error
    spelled = _alphabet()
    merges = []
    for word, rank in ranks.items():
        if len(word) > 1 and (pair := _last_merge(ranks, word, rank)) is not None:
            merges.append((rank, "".join(spelled[b] for b in pair[0]), "".join(spelled[b] for b in pair[1])))
    vocabulary = {"".join(spelled[byte] for byte in word): rank for word, rank in ranks.items()}
    inner = byte_level(vocabulary, [(left, right) for _, left, right in sorted(merges)], split=split)
    inner.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in specials])
    return Tokenizer(inner)


def _last_merge(ranks: dict[bytes, int], word: bytes, limit: int) -> tuple[bytes, bytes] | None:
    """Return the two tokens whose merge makes this word: merge it with all earlier ranks, two must be left."""
    parts = [bytes([byte]) for byte in word]
    while len(parts) > 2:
        best, place = limit, -1
        for index in range(len(parts) - 1):
            rank = ranks.get(parts[index] + parts[index + 1], limit)
            if rank < best:
                best, place = rank, index
        if place < 0:
            return None
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return parts[0], parts[1]


def _alphabet() -> list[str]:
    """Return how byte-level BPE spells each byte: printable ones as they are, the others from 256 up."""
    plain = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in plain else chr(next(others)) for byte in range(256)]


def _from_merges(folder: Path) -> Tokenizer:
    lines = (folder / "merges.txt").read_text(encoding="utf-8").split("\n")
    pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
    settings = folder / "tokenizer_config.json"
    found = read_json(settings) if settings.is_file() else {}
    marked = str(found.get("tokenizer_class", "")).startswith(("Qwen3_5", "Qwen4")) or "M}" in str(
        found.get("pretokenize_regex", "")
    )
    split = MARKED_SPLIT if marked else SPLIT
    inner = byte_level(read_json(folder / "vocab.json"), [(pair[0], pair[1]) for pair in pairs], split=split)
    added = found.get("added_tokens_decoder", {})
    ordered = sorted(added.items(), key=lambda pair: int(pair[0]))
    for _, token in ordered:
        made = AddedToken(
            token["content"], special=bool(token.get("special")), normalized=bool(token.get("normalized"))
        )
        inner.add_special_tokens([made]) if token.get("special") else inner.add_tokens([made])
    return Tokenizer(inner)
