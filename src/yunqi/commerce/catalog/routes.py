"""The operator's catalog: products, prices, imports."""

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile

from yunqi.commerce.catalog.model import ImportReport, Money, Product
from yunqi.commerce.catalog.service import Catalog
from yunqi.kernel import Exhausted, Invalid, Principal
from yunqi.kernel.clock import iso

JOBS = {"catalog": "catalog.import", "promotions": "catalog.import", "events": "activity.import"}


def router(catalog: Catalog, require: Callable[[str], Any]) -> APIRouter:
    """Return the routes; ``require(scope)`` makes the dependency that yields who asks."""
    routes = APIRouter(prefix="/v1/catalog", tags=["catalog"])
    _product_routes(routes, catalog, require)
    _import_routes(routes, catalog, require)
    return routes


def _product_routes(routes: APIRouter, catalog: Catalog, require: Callable[[str], Any]) -> None:
    @routes.get("/products")
    def list_products(
        q: str = "", page: int = 1, size: int = 50, principal: Principal = require("read")
    ) -> dict[str, Any]:
        """List products whose id, title or brand has every word of ``q``."""
        found = catalog.page(q, page=page, size=size, workspace=principal.workspace)
        return {"total": found.total, "items": [product_json(product) for product in found.items]}

    @routes.get("/products/{product_id:path}")
    def get_product(product_id: str, principal: Principal = require("read")) -> dict[str, Any]:
        """Show a product with its prices over time and its promotions."""
        product = catalog.product(product_id, workspace=principal.workspace)
        history = catalog.history(product_id, workspace=principal.workspace)
        promotions = catalog.promotions_for(product_id, workspace=principal.workspace)
        return {
            **product_json(product),
            "in_stock": catalog.in_stock(product_id, workspace=principal.workspace),
            "price_history": [
                {
                    "at": time_json(point.at),
                    "price": money_json(point.price),
                    "sale_price": money_json(point.sale_price),
                }
                for point in history
            ],
            "promotions": [
                {"id": p.id, "title": p.title, "ends": time_json(p.ends), "coupon_code": p.coupon_code}
                for p in promotions
            ],
            "json_ld": catalog.json_ld(product),
        }


def _import_routes(routes: APIRouter, catalog: Catalog, require: Callable[[str], Any]) -> None:
    @routes.post("/imports", status_code=202)
    def start_import(
        file: Annotated[UploadFile, File()],
        kind: Annotated[str, Form()] = "catalog",
        dry_run: Annotated[bool, Form()] = False,
        partial: Annotated[bool, Form()] = False,
        strict: Annotated[bool, Form()] = False,
        principal: Principal = require("shop"),
    ) -> dict[str, Any]:
        """Queue an import of a feed: catalog, promotions or events."""
        if kind not in JOBS:
            raise Invalid(f"There is no kind {kind[:40]!r}; use {', '.join(JOBS)}.", "kind")
        path = _kept(catalog, file)
        args = {"path": str(path), "kind": kind, "dry_run": dry_run, "partial": partial, "strict": strict}
        job = catalog.kernel.jobs.submit(JOBS[kind], {**args, "remove": True}, workspace=principal.workspace)
        return {"job_id": str(job.id)}

    @routes.get("/imports")
    def list_imports(limit: int = 100, principal: Principal = require("read")) -> dict[str, Any]:
        """List imports, newest first."""
        found = catalog.imports.list(workspace=principal.workspace, limit=max(1, min(limit, 500)))
        return {"imports": [report_json(report) for report in found]}

    @routes.get("/imports/{import_id}")
    def get_import(import_id: int, principal: Principal = require("read")) -> dict[str, Any]:
        """Show an import with its rejected rows."""
        report = catalog.imports.report(import_id, workspace=principal.workspace)
        errors = [
            {"line": e.line, "column": e.column, "message": e.message, "value": e.value, "warning": e.warning}
            for e in report.errors
        ]
        return {**report_json(report), "errors": errors}


def _kept(catalog: Catalog, file: UploadFile) -> Path:
    folder = catalog.kernel.config.data_dir / "uploads"
    name = "".join(c if c.isalnum() or c in ".-_" else "_" for c in Path(file.filename or "feed").name)[-100:]
    path = folder / str(catalog.kernel.store.new_id()) / name
    try:
        path.parent.mkdir(parents=True)
        with path.open("wb") as target:
            shutil.copyfileobj(file.file, target, 1 << 20)
    except OSError as error:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise Exhausted(
            f"The upload could not be kept: {error.strerror}. Free some space and send it again."
        ) from error
    return path


def product_json(product: Product) -> dict[str, Any]:
    """Return a product as the API shows it."""
    plain = ("id", "title", "description", "link", "brand", "gtin", "mpn", "size", "color", "title_derived")
    return {
        **{name: getattr(product, name) for name in plain},
        "image": product.image_link or None,
        "availability": product.availability.value,
        "price": money_json(product.price),
        "sale_price": money_json(product.sale_price),
        "category": list(product.category),
        "product_type": product.product_type,
        "labels": list(product.labels),
        "quantity": product.quantity,
        "generation": product.generation,
        "updated_at": time_json(product.updated_at),
    }


def report_json(report: ImportReport) -> dict[str, Any]:
    """Return an import report as the API shows it; ids are text, since JavaScript rounds large numbers."""
    counts = ("rows", "added", "updated", "unchanged", "retired", "rejected", "generation")
    return {
        "id": str(report.id),
        "kind": report.kind,
        "file": report.file,
        "state": report.state.value,
        **{name: getattr(report, name) for name in counts},
        "started_at": time_json(report.started_at),
        "finished_at": time_json(report.finished_at),
        "message": report.message,
    }


def money_json(money: Money | None) -> dict[str, Any] | None:
    """Return money as the API shows it."""
    return None if money is None else {"amount_minor": money.amount_minor, "currency": money.currency}


def time_json(at: datetime | None) -> str | None:
    """Return a time as the API shows it."""
    return None if at is None else iso(at)
