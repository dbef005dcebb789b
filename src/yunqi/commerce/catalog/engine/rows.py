"""Rows of a feed, whatever its format: CSV, TSV, JSONL or Parquet."""

import csv
import difflib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from yunqi.commerce.catalog.engine.streams import Bounds, Opened
from yunqi.commerce.catalog.model import FeedRefused, RowError

PARQUET_ROWS = 2048
MOST_BLANK_LINES = 10_000
FEW_ROWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands in the file; values of CSV are text, of JSONL and Parquet whatever they were."""

    line: int
    values: dict[str, Any]


def read_rows(opened: Opened, bounds: Bounds) -> Iterator[Row | RowError]:
    """Yield the rows of a feed in order; a row that cannot be read comes as a `RowError`.

    Raises
    ------
    FeedRefused
        When the file as a whole is broken: cut off, not UTF-8, without a header.
    """
    kind = format_of(opened)
    if kind == "parquet":
        return _parquet(opened, bounds)
    lines = Lines(opened.stream, bounds)
    if kind == "jsonl":
        return _jsonl(lines)
    return _csv(lines, kind)


def format_of(opened: Opened) -> str:
    """Return jsonl, parquet, or a table's delimiter: by the first bytes, then by the name, then by the header line."""
    head = opened.stream.peek(4096)[:4096]
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FeedRefused("The file is UTF-16. Save it as UTF-8.")
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"{"):
        return "jsonl"
    if start.startswith(b"["):
        raise FeedRefused("The file is one JSON array. Write one JSON object a line (JSONL).")
    suffix = opened.name.lower().rsplit(".", 1)[-1]
    if suffix in ("jsonl", "ndjson", "parquet"):
        raise FeedRefused(f"The file is called .{suffix} but does not look like it. Check what was exported.")
    first = start.split(b"\n", 1)[0]
    return "\t" if suffix in ("tsv", "tab") else max(",\t;", key=lambda sign: first.count(sign.encode()))


class Lines:
    """Decoded lines that know where they are, so that a bad byte can be named."""

    def __init__(self, stream: io.BufferedReader, bounds: Bounds) -> None:
        self._stream = stream
        self._limit = max(bounds.field_bytes * 4, 1 << 20)
        self.number = 0
        self.offset = 0
        self._blank = 0
        self.complete = True

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> str:
        raw = self._stream.readline(self._limit)
        if not raw:
            raise StopIteration
        self.number += 1
        if raw.isspace():
            self._refuse_blank()
        if len(raw) >= self._limit and not raw.endswith(b"\n"):
            raise FeedRefused(f"Line {self.number} is longer than {self._limit:,} bytes. Split the file into lines.")
        if self.number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise FeedRefused(
                f"Line {self.number} is not UTF-8: byte 0x{raw[error.start]:02x} at offset {self.offset + error.start} "
                f"of the file. Save the file as UTF-8."
            ) from error
        self.offset += len(raw)
        self.complete = text.endswith("\n")
        return text

    def _refuse_blank(self) -> None:
        self._blank += 1
        if self._blank > MOST_BLANK_LINES:
            raise FeedRefused(
                f"More than {MOST_BLANK_LINES:,} lines up to line {self.number} are blank. Check the export."
            )


def _csv(lines: Lines, delimiter: str) -> Iterator[Row | RowError]:
    csv.field_size_limit(max(csv.field_size_limit(), lines._limit))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield _csv_error(error, line, header)
            continue
        if not values:
            continue
        if header is None:
            header = normalised(values)
        elif len(values) == len(header):
            yield Row(line, dict(zip(header, values, strict=True)))
        else:
            yield _wrong_width(line, values, header, lines.complete)


def _csv_error(error: csv.Error, line: int, header: list[str] | None) -> RowError:
    text = str(error)
    if "end of data" in text:
        raise FeedRefused(f"The file ends inside of a quoted field begun on line {line}: it is cut off.")
    if header is None:
        raise FeedRefused(f"The header line cannot be read: {text}.")
    return RowError(line, "", f"The line is not valid CSV: {text}. Double the quotes inside of a quoted field.")


def _wrong_width(line: int, values: list[str], header: list[str], complete: bool) -> RowError:
    if len(values) < len(header) and not complete:
        raise FeedRefused(f"Line {line}, the last, has {len(values)} of {len(header)} fields: the file is cut off.")
    return RowError(line, "", f"The line has {len(values)} fields, the header has {len(header)}.", values[0][:200])


def normalised(names: Sequence[str]) -> list[str]:
    """Return column names as the feed specification spells them; raises `FeedRefused` for a repeated one."""
    clean = [name.strip().lower().replace(" ", "_") for name in names]
    for name in clean:
        if clean.count(name) > 1:
            raise FeedRefused(f"The header has the column {name!r} twice. Remove or rename one.")
    return clean


def _jsonl(lines: Lines) -> Iterator[Row | RowError]:
    decoder = msgspec.json.Decoder(dict[str, Any])
    for text in lines:
        if text.isspace():
            continue
        try:
            yield Row(lines.number, decoder.decode(text))
        except msgspec.DecodeError as error:
            if not lines.complete:
                raise FeedRefused(f"Line {lines.number}, the last, is not whole: the file is cut off.") from error
            yield RowError(lines.number, "", f"The line is not a JSON object: {error}.", text[:200])
        except RecursionError:
            yield RowError(lines.number, "", "The line is nested too deeply.", text[:200])


def _parquet(opened: Opened, bounds: Bounds) -> Iterator[Row | RowError]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if opened.seekable is None:
        raise FeedRefused("A Parquet file compresses itself. Send it without gzip or zip.")
    opened.seekable.seek(0)
    try:
        meta = pq.read_metadata(opened.seekable)
        _refuse_large(meta, opened.seekable.seek(0, 2), bounds)
        texts = [field.name for field in meta.schema.to_arrow_schema() if pa.types.is_string(field.type)]
        file = pq.ParquetFile(opened.seekable, read_dictionary=texts)
        names = normalised(file.schema_arrow.names)
        line = 0
        for batch in file.iter_batches(batch_size=PARQUET_ROWS):
            columns = [_values(column) for column in batch.columns]
            for values in zip(*columns, strict=True):
                line += 1
                yield Row(line, dict(zip(names, values, strict=True)))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise FeedRefused(f"The Parquet file is cut off or damaged ({error}).") from error


def _refuse_large(meta: Any, size: int, bounds: Bounds) -> None:
    unpacked = sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups))
    if unpacked > bounds.file_bytes:
        raise FeedRefused(
            f"The file holds more than {bounds.file_bytes:,} bytes. Split it, or raise catalog.file_bytes."
        )
    if unpacked > bounds.most_bytes(size) or meta.num_rows > max(FEW_ROWS, size):
        raise FeedRefused(
            f"The file unpacks to more than {bounds.ratio} times its size, or to more rows than it has bytes, as a bomb "
            "does. Send it less compressed, or raise catalog.compression_ratio."
        )


def _values(column: Any) -> list[Any]:
    """Return a column's values; a text that repeats is one object, so that it cannot fill the memory."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        return list(column.to_pylist())
    texts = [*column.dictionary.to_pylist(), None]
    return [texts[-1 if index is None else index] for index in column.indices.to_pylist()]


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a hint for an unknown name."""
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f" Did you mean {near[0]!r}?" if near else ""
