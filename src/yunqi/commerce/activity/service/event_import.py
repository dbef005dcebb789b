"""Importing events: checked line by line, appended chunk by chunk together with the place reached."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from yunqi.commerce.activity.engine import Checked, Checker, from_flat, unknown_columns
from yunqi.commerce.activity.model import EventRefused
from yunqi.commerce.activity.service.recorder import Recorder
from yunqi.commerce.catalog import (
    Bounds,
    CatalogConfig,
    FeedRefused,
    ImportReport,
    Imports,
    ImportState,
    Lines,
    Opened,
    Progress,
    Row,
    RowError,
    Run,
    digest_of,
    format_of,
    open_file,
    read_rows,
    refused,
    unpack,
)
from yunqi.kernel import Kernel

KIND = "events"
_EARLY = 1000
"""Lines after which a bad share ends an import before its end."""


class EventImport:
    """Imports one events file."""

    def __init__(self, kernel: Kernel, recorder: Recorder, imports: Imports, files: CatalogConfig) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._config = recorder.config
        self._imports = imports
        self._bounds = Bounds(files.file_bytes, files.compression_ratio, recorder.config.event_bytes)
        self._limit = files.report_errors

    def run(self, path: Path, *, workspace: str, dry_run: bool, progress: Progress) -> ImportReport:
        """Import a file; see `Activity.import_events`."""
        with open_file(path) as source:
            run = self._imports.start(
                path, kind=KIND, workspace=workspace, digest=digest_of(source), dry_run=dry_run, limit=self._limit
            )
            try:
                self._append_all(run, source, path, progress)
                state = ImportState.REHEARSED if dry_run else ImportState.PUBLISHED
                message = "Dry run: the events were checked, not compared with the log." if dry_run else ""
                self._finish(run, state, message)
            except FeedRefused as refusal:
                kept = f" {run.counts['added']:,} events before that were kept." if run.counts["added"] else ""
                self._finish(run, ImportState.FAILED, refusal.message + kept)
                raise refused(run, refusal.message + kept) from refusal
            finally:
                self._imports.let_go(run)
        return self._imports.report(run.id, workspace=workspace)

    def _append_all(self, run: Run, source: IO[bytes], path: Path, progress: Progress) -> None:
        size = path.stat().st_size
        checker = self._recorder.checker(needs_time=True)
        events = self._read(run, checker, unpack(source, path.name, size, self._bounds))
        while chunk := list(itertools.islice(events, self._config.chunk_events)):
            found = [event for event in chunk if isinstance(event, Checked)]
            run.counts["rows"] += len(chunk)
            for error in chunk:
                if isinstance(error, RowError):
                    run.reject(error)
            self._append(run, found)
            progress(source.tell(), size, f"{run.counts['rows']:,} events")
            if run.counts["rows"] >= _EARLY:
                self._refuse_rejected(run)
        if not run.counts["rows"]:
            raise FeedRefused(f"{path.name} has no events.")
        self._refuse_rejected(run)

    def _append(self, run: Run, found: list[Checked]) -> None:
        if run.dry_run:
            run.counts["added"] += len(found)
            return
        with self._kernel.store.begin() as tx:
            recorded = self._recorder.record(found, workspace=run.workspace)
            run.counts["added"] += recorded.accepted
            run.counts["unchanged"] += recorded.duplicates
            self._imports.checkpoint(tx, run)

    def _read(self, run: Run, checker: Checker, opened: Opened) -> Iterator[Checked | RowError]:
        if format_of(opened) == "jsonl":
            return self._jsonl(run, checker, Lines(opened.stream, self._bounds))
        return self._table(run, checker, opened)

    def _jsonl(self, run: Run, checker: Checker, lines: Lines) -> Iterator[Checked | RowError]:
        position = 0
        for text in lines:
            if text.isspace():
                continue
            position += 1
            if position <= run.resumed:
                continue
            try:
                yield checker.decode(text)
            except EventRefused as refused:
                if not lines.complete and not text.rstrip().endswith("}"):
                    raise FeedRefused(f"Line {lines.number}, the last, is not whole: the file is cut off.") from refused
                yield RowError(lines.number, refused.param or "", refused.message, text[:200])

    def _table(self, run: Run, checker: Checker, opened: Opened) -> Iterator[Checked | RowError]:
        first = True
        for position, group in enumerate(_groups(read_rows(opened, self._bounds)), 1):
            if first and not isinstance(group, RowError):
                first = False
                self._note_columns(run, group[0])
            if position <= run.resumed:
                continue
            if isinstance(group, RowError):
                yield group
                continue
            try:
                yield checker.convert(from_flat([row.values for row in group]))
            except EventRefused as refused:
                shown = str(group[0].values.get(refused.param or "", ""))[:200]
                yield RowError(group[0].line, refused.param or "", refused.message, shown)

    def _note_columns(self, run: Run, row: Row) -> None:
        try:
            unknown = unknown_columns(row.values)
        except EventRefused as refused:
            raise FeedRefused(refused.message) from refused
        if not run.resumed:
            for name, message in unknown.items():
                run.reject(RowError(1, name, message, warning=True))

    def _refuse_rejected(self, run: Run) -> None:
        share = self._config.rejected_share
        if run.rejected_share() > share:
            raise FeedRefused(
                f"{run.counts['rejected']:,} of {run.counts['rows']:,} events were rejected, more than {share:.0%}: "
                "the import was ended. See the report's lines, mend the file and send it again."
            )

    def _finish(self, run: Run, state: ImportState, message: str) -> None:
        with self._kernel.store.begin(durable=True) as tx:
            self._imports.finish(tx, run, state, message)


def _groups(rows: Iterable[Row | RowError]) -> Iterator[list[Row] | RowError]:
    """Yield the rows of one event after another: those that share a message id and stand together."""
    group: list[Row] = []
    for row in rows:
        if isinstance(row, RowError):
            yield row
            continue
        message_id = row.values.get("message_id")
        if group and (message_id is None or message_id != group[0].values.get("message_id")):
            yield group
            group = []
        group.append(row)
    if group:
        yield group
