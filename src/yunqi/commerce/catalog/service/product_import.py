"""Importing products: check, stage in chunks, retire what is gone, publish in one small write."""

import hashlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from yunqi.commerce.catalog.config import CatalogConfig
from yunqi.commerce.catalog.engine.products import ProductReader, check_columns
from yunqi.commerce.catalog.engine.rows import Row, read_rows
from yunqi.commerce.catalog.engine.streams import Bounds, unpack
from yunqi.commerce.catalog.model import (
    CatalogPublished,
    FeedRefused,
    ImportReport,
    ImportState,
    PriceChanged,
    Product,
    RowError,
)
from yunqi.commerce.catalog.service.imports import (
    Imports,
    Progress,
    Run,
    digest_of,
    open_file,
    refuse_rejected,
    refused,
)
from yunqi.commerce.catalog.store import Known, ProductStore, StagingStore, Version, encode
from yunqi.kernel import Kernel
from yunqi.kernel.clock import to_micros
from yunqi.kernel.store import Connection

KIND = "catalog"
_EVENT_CHANGES = 1000


@dataclass(slots=True)
class _Feed:
    """What is known of the feed while it is read."""

    seen: dict[str, int] = field(default_factory=dict)
    columns: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


class ProductImport:
    """Imports one product feed.

    Parameters
    ----------
    kernel, config
        Where to, and by which rules.
    partial
        The feed does not hold all products: it adds and updates, and retires nothing.
    strict
        An unknown column refuses the feed.
    """

    def __init__(self, kernel: Kernel, config: CatalogConfig, *, partial: bool = False, strict: bool = False) -> None:
        self._kernel = kernel
        self._config = config
        self._partial = partial
        self._strict = strict
        self._imports = Imports(kernel)
        self._products = ProductStore(kernel.store)
        self._staging = StagingStore(kernel.store)

    def run(self, path: Path, *, workspace: str, dry_run: bool, progress: Progress) -> ImportReport:
        """Import a file; see `Catalog.import_products`."""
        with open_file(path) as source:
            live = self._products.live_generation(workspace)
            run = self._imports.start(
                path,
                kind=KIND,
                workspace=workspace,
                digest=digest_of(source, self._partial, self._strict, self._config.currency),
                generation=live + 1,
                dry_run=dry_run,
                limit=self._config.report_errors,
            )
            try:
                if not run.resumed and not dry_run:
                    self._staging.discard(workspace, run.generation)
                self._stage_and_publish(run, source, path, live, progress)
            except FeedRefused as refusal:
                self._refuse(run, refusal)
                raise refused(run, refusal.message) from refusal
            finally:
                self._imports.let_go(run)
        return self._imports.report(run.id, workspace=workspace)

    def _stage_and_publish(self, run: Run, source: IO[bytes], path: Path, live: int, progress: Progress) -> None:
        feed = _Feed()
        for chunk in _chunks(self._read(run, feed, source, path), self._config.chunk_rows):
            self._stage(run, [product for product in chunk if product is not None], live)
            progress(source.tell(), path.stat().st_size, f"{run.counts['rows']:,} rows")
        if not run.counts["rows"]:
            raise FeedRefused(f"{path.name} has no rows. Send a file with a header line and products.")
        refuse_rejected(run, self._config.rejected_share)
        self._retire(run, feed, live)
        self._publish(run, feed, live)

    def _read(self, run: Run, feed: _Feed, source: IO[bytes], path: Path) -> Iterator[Product | None]:
        """Yield each row's product, None where it was rejected; rows done by an earlier run are passed over."""
        config = self._config
        bounds = Bounds(config.file_bytes, config.compression_ratio, config.field_bytes)
        opened = unpack(source, path.name, path.stat().st_size, bounds)
        reader = ProductReader(config.currency, config.field_bytes)
        for position, row in enumerate(read_rows(opened, bounds), 1):
            found = self._checked(run, feed, reader, row)
            if position <= run.resumed:
                continue
            run.counts["rows"] += 1
            if isinstance(found, RowError):
                run.reject(found)
                yield None
            else:
                yield found

    def _checked(self, run: Run, feed: _Feed, reader: ProductReader, row: Row | RowError) -> Product | RowError:
        if isinstance(row, RowError):
            return row
        if not feed.columns.issuperset(row.values):
            self._new_columns(run, feed, row)
        product = reader.read(row)
        if isinstance(product, RowError):
            return product
        first = feed.seen.setdefault(product.id, row.line)
        if first != row.line:
            return RowError(row.line, "id", f"The id is on line {first} already; that one counts.", product.id[:200])
        return product

    def _new_columns(self, run: Run, feed: _Feed, row: Row) -> None:
        fresh = row.values.keys() - feed.columns
        names = [name for name in row.values if name in fresh]
        warnings = check_columns(names if not feed.columns else ["id", "title", *names])
        feed.columns |= fresh
        if warnings and self._strict:
            raise FeedRefused(f"{warnings[0].message} With --strict nothing is published.")
        for warning in warnings:
            feed.notes.append(warning.message)
            if not run.resumed:
                run.reject(warning)

    def _stage(self, run: Run, products: list[Product], live: int) -> None:
        documents = [(product, encode(product)) for product in products]
        hashed = [(p, d, hashlib.blake2b(d, digest_size=16).hexdigest()) for p, d in documents]
        ids = [product.id for product in products]
        if run.dry_run:
            with self._kernel.store.read() as tx:
                known = self._products.known(tx, run.workspace, ids, live)
            _count(run, hashed, known)
            return
        with self._kernel.store.begin() as tx:
            self._imports.renew(tx, run)
            known = self._products.known(tx, run.workspace, ids, live)
            _count(run, hashed, known)
            numbers = self._staging.number(tx, run.workspace, [key for key in ids if key not in known])
            versions = [
                _version(product, document, digest, known.get(product.id), numbers)
                for product, document, digest in hashed
                if product.id not in known or known[product.id].digest != digest
            ]
            at = to_micros(self._kernel.clock())
            currency = self._config.currency
            self._staging.stage(tx, run.workspace, run.generation, versions, at=at, currency=currency)
            self._imports.checkpoint(tx, run)

    def _retire(self, run: Run, feed: _Feed, live: int) -> None:
        count = self._products.count_live(run.workspace, live)
        missing = [
            (number, since)
            for number, since, product_id in self._products.live_ids(run.workspace, live)
            if product_id not in feed.seen
        ]
        if not missing:
            return
        if self._partial:
            feed.notes.append("The feed was imported as a part: nothing was retired.")
        elif len(feed.seen) < self._config.complete_share * count:
            feed.notes.append(
                f"The feed has {len(feed.seen):,} products where {count:,} are live, less than "
                f"{self._config.complete_share:.0%}: it looks short, so the {len(missing):,} missing ones were kept."
            )
        else:
            self._end(run, missing)

    def _end(self, run: Run, missing: list[tuple[int, int]]) -> None:
        run.counts["retired"] = len(missing)
        for start in range(0, 0 if run.dry_run else len(missing), self._config.chunk_rows):
            with self._kernel.store.begin() as tx:
                part = missing[start : start + self._config.chunk_rows]
                self._staging.retire(tx, run.workspace, run.generation, part)
                self._imports.renew(tx, run)

    def _publish(self, run: Run, feed: _Feed, live: int) -> None:
        counts = run.counts
        changed = counts["added"] + counts["updated"] + counts["retired"]
        notes = " ".join(feed.notes)
        with self._kernel.store.begin(durable=True) as tx:
            if run.dry_run:
                self._imports.finish(tx, run, ImportState.REHEARSED, f"Dry run: nothing was written. {notes}".strip())
            elif not changed:
                message = f"Nothing changed. {notes}".strip()
                self._imports.finish(tx, run, ImportState.PUBLISHED, message, generation=live)
            else:
                self._staging.publish(tx, run.workspace, run.generation, to_micros(self._kernel.clock()))
                self._announce(tx, run)
                self._imports.finish(tx, run, ImportState.PUBLISHED, notes)
        if changed and not run.dry_run:
            self._staging.prune(run.workspace, run.generation - self._config.keep_generations)

    def _announce(self, tx: Connection, run: Run) -> None:
        counts, key = run.counts, f"{run.workspace}:{run.generation}"
        changes = list(self._products.price_changes(tx, run.workspace, run.generation))
        for part, start in enumerate(range(0, len(changes), _EVENT_CHANGES)):
            event = PriceChanged(run.generation, self._config.currency, tuple(changes[start : start + _EVENT_CHANGES]))
            self._kernel.events.announce(tx, run.workspace, event, key=f"{key}:{part}")
        published = CatalogPublished(run.generation, counts["added"], counts["updated"], counts["retired"])
        self._kernel.events.announce(tx, run.workspace, published, key=key)

    def _refuse(self, run: Run, refusal: FeedRefused) -> None:
        """End the import before its staging is cleared: broken off in between, the next import clears it."""
        run.counts.update(added=0, updated=0, unchanged=0, retired=0)
        with self._kernel.store.begin() as tx:
            self._imports.finish(tx, run, ImportState.FAILED, refusal.message)
        if not run.dry_run:
            self._staging.discard(run.workspace, run.generation)


def _chunks(items: Iterable[Product | None], size: int) -> Iterator[list[Product | None]]:
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, size)):
        yield chunk


def _count(run: Run, hashed: list[tuple[Product, bytes, str]], known: dict[str, Known]) -> None:
    for product, _, digest in hashed:
        before = known.get(product.id)
        if before is None or before.since is None:
            run.counts["added"] += 1
        else:
            run.counts["unchanged" if before.digest == digest else "updated"] += 1


def _version(product: Product, document: bytes, digest: str, before: Known | None, numbers: dict[str, int]) -> Version:
    price = None if product.price is None else product.price.amount_minor
    sale = None if product.sale_price is None else product.sale_price.amount_minor
    quantity_before = None if before is None else before.quantity
    is_new = before is None or before.since is None
    return Version(
        number=numbers[product.id] if before is None else before.number,
        product_id=product.id,
        replaces=None if before is None else before.since,
        digest=digest,
        title=product.title,
        brand=product.brand,
        price_minor=price,
        sale_minor=sale,
        quantity=product.quantity,
        document=document.decode(),
        price_changed=is_new or before is None or (before.price_minor, before.sale_minor) != (price, sale),
        quantity_changed=(before is not None and is_new) or product.quantity != quantity_before,
    )
