"""Importing promotions: small files, so one transaction replaces them all."""

import hashlib
from pathlib import Path
from typing import IO

import msgspec

from yunqi.commerce.catalog.config import CatalogConfig
from yunqi.commerce.catalog.engine.promotions import check_columns, read_promotion
from yunqi.commerce.catalog.engine.rows import read_rows
from yunqi.commerce.catalog.engine.streams import Bounds, unpack
from yunqi.commerce.catalog.model import FeedRefused, ImportReport, ImportState, Promotion, RowError
from yunqi.commerce.catalog.service.imports import (
    Imports,
    Progress,
    Run,
    digest_of,
    open_file,
    refuse_rejected,
    refused,
)
from yunqi.commerce.catalog.store import PromotionStore
from yunqi.kernel import Kernel

KIND = "promotions"


class PromotionImport:
    """Imports one promotions feed."""

    def __init__(self, kernel: Kernel, config: CatalogConfig, *, strict: bool = False) -> None:
        self._kernel = kernel
        self._config = config
        self._strict = strict
        self._imports = Imports(kernel)
        self._store = PromotionStore(kernel.store)

    def run(self, path: Path, *, workspace: str, dry_run: bool, progress: Progress) -> ImportReport:
        """Import a file; see `Catalog.import_promotions`."""
        with open_file(path) as source:
            run = self._imports.start(
                path,
                kind=KIND,
                workspace=workspace,
                digest=digest_of(source, self._strict),
                dry_run=dry_run,
                limit=self._config.report_errors,
            )
            run.counts, run.resumed, run.kept = dict.fromkeys(run.counts, 0), 0, run.kept
            try:
                promotions = self._read(run, source, path)
                progress(source.tell(), path.stat().st_size, f"{run.counts['rows']:,} promotions")
                self._replace(run, promotions)
            except FeedRefused as refusal:
                with self._kernel.store.begin() as tx:
                    self._imports.finish(tx, run, ImportState.FAILED, refusal.message)
                raise refused(run, refusal.message) from refusal
            finally:
                self._imports.let_go(run)
        return self._imports.report(run.id, workspace=workspace)

    def _read(self, run: Run, source: IO[bytes], path: Path) -> dict[str, Promotion]:
        config = self._config
        bounds = Bounds(config.file_bytes, config.compression_ratio, config.field_bytes)
        opened = unpack(source, path.name, path.stat().st_size, bounds)
        found: dict[str, Promotion] = {}
        checked = False
        for row in read_rows(opened, bounds):
            run.counts["rows"] += 1
            if isinstance(row, RowError):
                run.reject(row)
                continue
            if not checked:
                checked = True
                self._check(run, list(row.values))
            promotion = read_promotion(row)
            if isinstance(promotion, RowError):
                run.reject(promotion)
            elif promotion.id in found:
                run.reject(RowError(row.line, "promotion_id", "The id is in the file already.", promotion.id))
            else:
                found[promotion.id] = promotion
        if not run.counts["rows"]:
            raise FeedRefused(f"{path.name} has no rows. Send a file with a header line and promotions.")
        refuse_rejected(run, config.rejected_share)
        return found

    def _check(self, run: Run, names: list[str]) -> None:
        for warning in check_columns(names):
            if self._strict:
                raise FeedRefused(f"{warning.message} With --strict nothing is published.")
            run.reject(warning)

    def _replace(self, run: Run, promotions: dict[str, Promotion]) -> None:
        counts = run.counts
        with self._kernel.store.begin(durable=True) as tx:
            before = self._store.digests(tx, run.workspace)
            for promotion in promotions.values():
                digest = hashlib.blake2b(msgspec.json.encode(promotion), digest_size=16).hexdigest()
                old = before.get(promotion.id)
                counts["added" if old is None else "unchanged" if old == digest else "updated"] += 1
                if old != digest and not run.dry_run:
                    self._store.put(tx, run.workspace, promotion, digest)
            gone = sorted(before.keys() - promotions.keys())
            counts["retired"] = len(gone)
            if not run.dry_run:
                self._store.remove(tx, run.workspace, gone)
            state = ImportState.REHEARSED if run.dry_run else ImportState.PUBLISHED
            self._imports.finish(tx, run, state, "Dry run: nothing was written." if run.dry_run else "")
