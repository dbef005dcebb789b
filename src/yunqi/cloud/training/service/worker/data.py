"""Prepares a run's data: read, clean, mix, tokenise, pack into files that training maps into memory."""

import dataclasses
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.training.engine.cleaning import Cleaner, Contamination, words
from yunqi.cloud.training.engine.packing import Examples, Windows, repeats, token_type
from yunqi.cloud.training.model import DataBroken, Prepared, Recipe, Source
from yunqi.cloud.training.service.reading import resolve, rows, text_of
from yunqi.cloud.training.service.worker.channel import Channel
from yunqi.cloud.training.service.worker.tokens import Writer, load_tokenizer, save_tokenizer, train_tokenizer

_DONE = "prepared.json"
_REPORT_EVERY = 2000


@dataclass(frozen=True, slots=True)
class DataSet:
    """The prepared files of one part of the data: ``train`` or ``heldout``, or a side of the preferences."""

    folder: Path
    part: str
    vocabulary: int

    def windows(self, sequence: int, seed: int) -> Windows:
        """Return the part as windows over one row of tokens."""
        return Windows(self._tokens(), sequence, seed)

    def examples(self, sequence: int, seed: int, padding: int) -> Examples:
        """Return the part as examples of different lengths."""
        counted = np.memmap(self.folder / f"{self.part}.counted", dtype=np.uint8, mode="r")
        offsets = np.load(self.folder / f"{self.part}.offsets.npy")
        return Examples(self._tokens(), counted, offsets, sequence, seed, padding)

    @property
    def exists(self) -> bool:
        """Whether there is anything in it."""
        file = self.folder / f"{self.part}.tokens"
        return file.exists() and file.stat().st_size > 0

    def _tokens(self) -> NDArray[Any]:
        return np.memmap(self.folder / f"{self.part}.tokens", dtype=token_type(self.vocabulary), mode="r")


class Preparer:
    """Makes the data folder of a run, once; a finished folder is taken as it is.

    Parameters
    ----------
    folder
        The run's folder.
    base
        Folder of the base model, whose tokenizer is used when the recipe names none.
    """

    def __init__(self, recipe: Recipe, folder: Path, channel: Channel, *, base: Path | None) -> None:
        self._recipe = recipe
        self._folder = folder / "data"
        self._channel = channel
        self._base = base
        self._tokenizer_place = folder / "tokenizer"

    def prepare(self) -> Prepared:
        """Do what is not done yet and return what it came to.

        Raises
        ------
        DataBroken
            At a line that cannot be used; nothing of the data folder is kept then.
        """
        done = self._folder / _DONE
        if done.exists():
            return Prepared(**json.loads(done.read_text(encoding="utf-8")))
        started = time.monotonic()
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._recipe.kind.reads == "text":
            prepared = self._texts()
        elif self._recipe.kind.reads == "task":
            prepared = self._tasks()
        else:
            prepared = self._chats()
        prepared = dataclasses.replace(prepared, seconds=round(time.monotonic() - started, 2))
        temporary = done.with_suffix(".new")
        temporary.write_text(json.dumps(dataclasses.asdict(prepared)), encoding="utf-8")
        temporary.replace(done)
        return prepared

    def _texts(self) -> Prepared:
        heldout = list(self._documents(self._recipe.heldout))
        cleaner = Cleaner(self._recipe.cleaning, self._recipe.seed, [*heldout, *self._evaluated()])
        clean = self._folder / "documents.jsonl"
        counts = [
            self._clean_source(cleaner, source, clean, first=n == 0) for n, source in enumerate(self._recipe.data)
        ]
        writer = Writer(self._tokenizer(clean))
        documents = characters = 0
        with self._part("train") as part:
            for ids, size in self._tokenised(writer, clean, counts):
                part.write(ids)
                documents, characters = documents + 1, characters + size
        with self._part("heldout") as part_heldout:
            for ids in writer.texts(heldout):
                part_heldout.write(ids)
        return Prepared(documents, characters, part.count, dataclasses.asdict(cleaner.removed))

    def _clean_source(self, cleaner: Cleaner, source: Source, target: Path, *, first: bool) -> int:
        count = 0
        with target.open("w" if first else "a", encoding="utf-8") as out:
            for text in cleaner.clean(self._documents([source])):
                out.write(json.dumps(text, ensure_ascii=False) + "\n")
                count += 1
                if count % _REPORT_EVERY == 0:
                    self._channel.send("progress", phase="cleaning", done=count, total=0)
        return count

    def _tokenised(self, writer: Writer, clean: Path, counts: list[int]) -> Iterator[tuple[list[int], int]]:
        starts = np.cumsum([0, *counts])
        for number, (source, count) in enumerate(zip(self._recipe.data, counts, strict=True)):
            times = np.bincount(repeats(count, source.weight, seed=self._recipe.seed + number), minlength=count)
            texts = _slice(clean, int(starts[number]), int(starts[number + 1]))
            sizes: list[int] = []
            for place, ids in enumerate(writer.texts(_measured(texts, sizes))):
                for _ in range(int(times[place])):
                    yield ids, sizes[place]
                if place % _REPORT_EVERY == 0:
                    self._channel.send("progress", phase="tokenising", done=place, total=count)

    def _chats(self) -> Prepared:
        writer = Writer(self._tokenizer(None))
        sides = ("chosen", "rejected") if self._recipe.kind.reads == "preference" else ("answer",)
        foreign = self._foreign()
        characters = contaminated = documents = 0
        total = 0
        for part, sources in (("train", self._recipe.data), ("heldout", self._recipe.heldout)):
            files = {side: self._part(part if side == "answer" else f"{part}-{side}") for side in sides}
            for turns, texts in self._conversations(sources, sides):
                if part == "train" and foreign is not None and foreign.touches(words(str(turns[-1]["content"]))):
                    contaminated += 1
                    continue
                for side in sides:
                    ids, counted = writer.chat([*turns, {"role": "assistant", "content": texts[side]}])
                    files[side].write(ids, counted)
                    total += len(ids) if part == "train" else 0
                    characters += len(texts[side]) if part == "train" else 0
                documents += part == "train"
            for file in files.values():
                file.close()
        if not documents:
            raise DataBroken(
                "After cleaning no example is left to train on. Look at cleaning.contamination and the data."
            )
        return Prepared(documents, characters, total, {"contaminated": contaminated})

    def _tasks(self) -> Prepared:
        writer = Writer(self._tokenizer(None))
        documents = tokens = characters = 0
        with (self._folder / "tasks.jsonl").open("w", encoding="utf-8") as out:
            for source in self._recipe.data:
                path = resolve(source.path, self._recipe.folder)
                for row in rows(path, limit=source.limit):
                    prompt = text_of(path, row, "prompt")
                    answer = text_of(path, row, "answer") if self._recipe.reward.rule != "json" else ""
                    ids, _ = writer.chat([{"role": "user", "content": prompt}], open_turn=True)
                    out.write(json.dumps({"ids": ids, "answer": answer}) + "\n")
                    documents, tokens, characters = documents + 1, tokens + len(ids), characters + len(prompt)
        return Prepared(documents, characters, tokens)

    def _conversations(
        self, sources: Iterable[Source], sides: tuple[str, ...]
    ) -> Iterator[tuple[list[dict[str, Any]], dict[str, str]]]:
        for number, source in enumerate(sources):
            path = resolve(source.path, self._recipe.folder)
            found = [_conversation(path, row, sides) for row in rows(path, limit=source.limit)]
            for place in repeats(len(found), source.weight, seed=self._recipe.seed + number):
                yield found[int(place)]

    def _documents(self, sources: Iterable[Source]) -> Iterator[str]:
        for source in sources:
            path = resolve(source.path, self._recipe.folder)
            for row in rows(path, limit=source.limit):
                yield text_of(path, row, source.field)

    def _evaluated(self) -> Iterator[str]:
        for suite in self._recipe.evaluate:
            if suite.path:
                path = resolve(suite.path, self._recipe.folder)
                for _, values in rows(path, limit=suite.limit):
                    found = values.get(suite.field if suite.task == "perplexity" else "prompt")
                    if isinstance(found, str):
                        yield found

    def _foreign(self) -> Contamination | None:
        if not self._recipe.cleaning.contamination:
            return None
        foreign = Contamination(self._recipe.cleaning.contamination)
        for text in self._evaluated():
            foreign.add(text)
        return foreign

    def _tokenizer(self, clean: Path | None) -> Any:
        recipe, place = self._recipe, self._tokenizer_place
        place.mkdir(parents=True, exist_ok=True)
        if recipe.tokenizer.file:
            source = Path(recipe.tokenizer.file).expanduser()
            tokenizer = load_tokenizer(source if source.is_absolute() else Path(recipe.folder) / source)
        elif self._base is not None:
            tokenizer = load_tokenizer(self._base)
        elif clean is None:
            raise DataBroken(f"A run of kind {recipe.kind} needs a base model or a tokenizer.file.")
        else:
            self._channel.send("progress", phase="tokenizer", done=0, total=0)
            tokenizer = train_tokenizer(_slice(clean, 0, None), recipe.tokenizer.vocabulary)
        save_tokenizer(tokenizer, place, base=self._base)
        self.vocabulary = int(tokenizer.get_vocab_size())
        return tokenizer

    def _part(self, name: str) -> "_Part":
        return _Part(self._folder, name, token_type(self.vocabulary))


class _Part:
    """Writes the files of one part."""

    def __init__(self, folder: Path, name: str, kind: type[np.unsignedinteger]) -> None:
        self._kind = kind
        self._place = folder / f"{name}.offsets.npy"
        self._tokens: IO[bytes] = (folder / f"{name}.tokens").open("wb")
        self._counted: IO[bytes] = (folder / f"{name}.counted").open("wb")
        self._offsets = [0]
        self.count = 0

    def write(self, ids: list[int], counted: list[int] | None = None) -> None:
        """Add one example."""
        self._tokens.write(np.asarray(ids, dtype=self._kind).tobytes())
        if counted is not None:
            self._counted.write(np.asarray(counted, dtype=np.uint8).tobytes())
        self.count += len(ids)
        self._offsets.append(self.count)

    def close(self) -> None:
        """Finish the files."""
        self._tokens.close()
        self._counted.close()
        np.save(self._place, np.asarray(self._offsets, dtype=np.int64))

    def __enter__(self) -> "_Part":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _conversation(
    path: Path, row: tuple[int, dict[str, Any]], sides: tuple[str, ...]
) -> tuple[list[dict[str, Any]], dict[str, str]]:
    number, values = row
    messages = values.get("messages")
    if messages is not None and sides == ("answer",):
        good = isinstance(messages, list) and all(
            isinstance(m, dict) and isinstance(m.get("role"), str) and isinstance(m.get("content"), str)
            for m in messages
        )
        if not good or not messages or messages[-1]["role"] != "assistant":
            raise DataBroken(
                f"{path}, line {number}: messages must be objects with role and content, the last by the assistant."
            )
        return messages[:-1] or [{"role": "user", "content": ""}], {"answer": messages[-1]["content"]}
    turns = [{"role": "user", "content": text_of(path, row, "prompt")}]
    if isinstance(values.get("system"), str):
        turns.insert(0, {"role": "system", "content": values["system"]})
    return turns, {side: text_of(path, row, side) for side in sides}


def _slice(path: Path, start: int, stop: int | None) -> Iterator[str]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if stop is not None and number >= stop:
                return
            if number >= start:
                yield json.loads(line)


def _measured(texts: Iterable[str], sizes: list[int]) -> Iterator[str]:
    for text in texts:
        sizes.append(len(text))
        yield text
