"""The text index on disk: a folder for each build, and a pointer that is moved in one step."""

import os
import shutil
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

Dense = npt.NDArray[np.int32]
Scores = npt.NDArray[np.float32]

FIELDS = ("title", "category", "brand", "description")


class Texts(msgspec.Struct, frozen=True):
    """A product's words for the index, one string of words for each of `FIELDS`."""

    number: int
    fields: tuple[str, str, str, str]


class Hits(msgspec.Struct, frozen=True):
    """Products that match, best first, and how many match at all."""

    products: Dense
    scores: Scores
    count: int


class _Mark(msgspec.Struct):
    folder: str
    generation: int


class TextIndex:
    """A tantivy index of one workspace."""

    def __init__(self, root: Path, boosts: Sequence[float], *, writer_mb: int) -> None:
        self._root = root
        self._boosts = tuple(boosts)
        self._writer_mb = writer_mb
        self._analyzer: Any = None
        self._index: Any = None
        self._searcher: Any = None
        self._mark: _Mark | None = None
        self._writing = threading.Lock()

    @property
    def generation(self) -> int:
        """The catalog generation that can be searched, 0 without an index."""
        return self._mark.generation if self._mark else 0

    @property
    def folder(self) -> str:
        """The folder of the index that is open."""
        return self._mark.folder if self._mark else ""

    def open(self) -> bool:
        """Open what the pointer names; returns whether there was something to open."""
        import tantivy

        try:
            mark = msgspec.json.decode((self._root / "current").read_bytes(), type=_Mark)
            path = self._root / mark.folder
            if not (path / "meta.json").exists():
                return False
            index = tantivy.Index.open(str(path))
        except (OSError, msgspec.DecodeError, ValueError):
            return False
        self._take(index, mark)
        return True

    def build(self, texts: Iterable[Texts], generation: int, name: str) -> None:
        """Make a new index beside the one in use, then point to it."""
        import tantivy

        with self._writing:
            path = self._root / name
            shutil.rmtree(path, ignore_errors=True)
            path.mkdir(parents=True)
            index = tantivy.Index(_schema(), path=str(path))
            index.register_tokenizer("words", self._words())
            writer = index.writer(self._writer_mb << 20, 1)
            for text in texts:
                writer.add_document(_document(text))
            writer.commit()
            writer.wait_merging_threads()
            mark = _Mark(name, generation)
            self._point(mark)
            self._take(index, mark)
            self._tidy(name)

    def update(self, texts: Iterable[Texts], gone: Iterable[int], generation: int) -> None:
        """Replace some products' words and forget others, in one commit."""
        with self._writing:
            mark = self._mark
            if mark is None:
                raise RuntimeError("There is no index to update; build one.")
            writer = self._index.writer(self._writer_mb << 20, 1)
            for number in gone:
                writer.delete_documents_by_term("number", number)
            for text in texts:
                writer.delete_documents_by_term("number", text.number)
                writer.add_document(_document(text))
            writer.commit()
            writer.wait_merging_threads()
            mark = _Mark(mark.folder, generation)
            self._point(mark)
            self._take(self._index, mark)

    def stems(self, words: Iterable[str]) -> list[str]:
        """Return words as the index keeps them."""
        return list(self._words().analyze(" ".join(words)))

    def known(self, stem: str) -> bool:
        """Whether a word is in any title or category."""
        return any(self._searcher.doc_freq(name, stem) for name in FIELDS[:3])

    def find(
        self, stems: Sequence[str], *, limit: int, every: bool = True, prefix: bool = False, fuzzy: bool = False
    ) -> Hits:
        """Return products by BM25.

        Parameters
        ----------
        every
            All words must be found (each in any field); otherwise any.
        prefix
            The last word may be the beginning of a longer one.
        fuzzy
            Words may differ by one letter.
        """
        import tantivy

        if not stems or self._searcher is None:
            return Hits(np.zeros(0, np.int32), np.zeros(0, np.float32), 0)
        occur = tantivy.Occur.Must if every else tantivy.Occur.Should
        parts = [
            (occur, self._word(stem, prefix=prefix and place == len(stems) - 1, fuzzy=fuzzy))
            for place, stem in enumerate(stems)
        ]
        searcher = self._searcher
        found = searcher.search(tantivy.Query.boolean_query(parts), limit=limit, count=True)
        products = searcher.fast_field_values("number", [address for _, address in found.hits])
        scores = np.fromiter((score for score, _ in found.hits), np.float32, len(found.hits))
        return Hits(np.array(products, np.int32), scores, int(found.count))

    def _word(self, stem: str, *, prefix: bool, fuzzy: bool) -> Any:
        import tantivy

        query, schema = tantivy.Query, self._index.schema
        options = []
        for name, boost in zip(FIELDS, self._boosts, strict=True):
            if prefix or fuzzy:
                distance = 1 if fuzzy and len(stem) > 3 else 0
                one = query.fuzzy_term_query(schema, name, stem, distance, True, prefix)
            else:
                one = query.term_query(schema, name, stem)
            options.append(query.boost_query(one, boost))
        # The best field counts, with a little from the others: a word in title and category is not twice the word.
        return query.disjunction_max_query(options, 0.2)

    def _take(self, index: Any, mark: _Mark) -> None:
        index.register_tokenizer("words", self._words())
        index.reload()
        self._index, self._searcher, self._mark = index, index.searcher(), mark

    def _point(self, mark: _Mark) -> None:
        temporary = self._root / f"current.{os.getpid()}.part"
        with temporary.open("wb") as out:
            out.write(msgspec.json.encode(mark))
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(self._root / "current")

    def _tidy(self, keep: str) -> None:
        """Remove older builds; a process that has one open still holds its files."""
        builds = sorted(path for path in self._root.iterdir() if path.is_dir() and path.name != keep)
        for path in builds[:-1]:
            shutil.rmtree(path, ignore_errors=True)

    def _words(self) -> Any:
        if self._analyzer is None:
            import tantivy

            builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace())
            for step in (tantivy.Filter.lowercase(), tantivy.Filter.ascii_fold(), tantivy.Filter.stemmer("english")):
                builder = builder.filter(step)
            self._analyzer = builder.build()
        return self._analyzer


def _schema() -> Any:
    import tantivy

    builder = tantivy.SchemaBuilder()
    builder.add_integer_field("number", stored=False, indexed=True, fast=True)
    for name in FIELDS:
        builder.add_text_field(name, stored=False, tokenizer_name="words", index_option="freq")
    return builder.build()


def _document(text: Texts) -> Any:
    import tantivy

    document = tantivy.Document()
    document.add_integer("number", text.number)
    for name, words in zip(FIELDS, text.fields, strict=True):
        if words:
            document.add_text(name, words)
    return document
