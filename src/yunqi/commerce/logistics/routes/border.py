"""Tariff classification over HTTP; whoever has the key is who decided."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from yunqi.commerce.logistics.engine.customs.duties import read_table
from yunqi.commerce.logistics.model.papers import Paper
from yunqi.commerce.logistics.service import Logistics
from yunqi.commerce.logistics.service.plain_border import landed_document, suggestion_document
from yunqi.kernel import Principal


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NomenclatureRequest(_Body):
    """A nomenclature as CSV text with the columns code and text."""

    table: str = Field(max_length=20_000_000)
    version: str = Field(max_length=190)
    source: str = Field(max_length=2_000)


class HsProduct(_Body):
    """A product to classify; with an id it waits for a person when its code is uncertain."""

    id: str = Field("", max_length=190)
    text: str


class ClassifyRequest(_Body):
    """Products to classify."""

    products: list[HsProduct] = Field(min_length=1, max_length=1_000)
    top: int = Field(5, ge=1, le=50)
    version: str | None = None


class DecideRequest(_Body):
    """A person's decision about a product's code, with the reason."""

    product: str = Field(min_length=1, max_length=190)
    code: str = Field(max_length=20)
    why: str = Field(min_length=1, max_length=2_000)
    text: str | None = Field(None, max_length=2_000)


class PaperRequest(_Body):
    """A shipment whose paper is wanted, and a duty table as CSV text where its duties are to be reckoned."""

    shipment: dict[str, Any]
    kind: Paper = Paper.INVOICE
    duties: str | None = Field(None, max_length=20_000_000)


class LandedCostRequest(_Body):
    """A shipment, and your duty table as CSV text."""

    shipment: dict[str, Any]
    duties: str = Field(max_length=20_000_000)


def add(routes: APIRouter, logistics: Logistics, require: Callable[[str], Any]) -> None:
    """Add the routes of tariff classification."""
    desk = logistics.classification

    @routes.post("/hs/nomenclatures", status_code=201)
    def load_nomenclature(body: NomenclatureRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Load a version of a nomenclature; it is in force from now on."""
        workspace, who = principal.workspace, principal.name
        found = desk.load(body.table, version=body.version, source=body.source, workspace=workspace, who=who)
        return {"version": found.version, "lines": len(found.positions), "declarable": len(found.declarable())}

    @routes.get("/hs/nomenclatures")
    def list_nomenclatures(principal: Principal = require("read")) -> dict[str, Any]:
        """List the loaded nomenclatures, the one in force first."""
        return {"data": desk.versions(workspace=principal.workspace)}

    @routes.post("/hs:classify")
    def classify(body: ClassifyRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Suggest codes with reasons; products with an id and an uncertain code wait for a person."""
        pairs = [(one.id, one.text) for one in body.products]
        queue = all(name for name, _ in pairs)
        found = desk.classify_all(pairs, top=body.top, version=body.version, workspace=principal.workspace, queue=queue)
        return {"data": [{"id": name} | suggestion_document(one) for (name, _), one in zip(pairs, found, strict=True)]}

    @routes.get("/hs/queue")
    def list_queue(limit: int = 100, principal: Principal = require("read")) -> dict[str, Any]:
        """List the products that wait for a person, the least certain first."""
        return {"data": desk.queue(workspace=principal.workspace, limit=limit)}

    @routes.post("/hs/decisions", status_code=201)
    def decide(body: DecideRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Keep a person's decision; it counts from now on."""
        workspace, who = principal.workspace, principal.name
        return desk.decide(body.product, body.code, who=who, why=body.why, text=body.text, workspace=workspace)

    @routes.get("/hs/decisions")
    def list_decisions(principal: Principal = require("read")) -> dict[str, Any]:
        """List every decision ever made, with what was suggested."""
        return {"data": desk.decisions(workspace=principal.workspace)}

    @routes.get("/hs/disagreements")
    def list_disagreements(principal: Principal = require("read")) -> dict[str, Any]:
        """Report where people overruled suggestions, one another, or earlier decisions."""
        return desk.disagreements(workspace=principal.workspace)

    @routes.post("/customs/landed-costs")
    def reckon_landed_cost(body: LandedCostRequest, principal: Principal = require("shop")) -> dict[str, Any]:
        """Reckon what goods cost at the door from your duty table; each amount says from what."""
        depot = logistics.depot
        found = depot.landed_cost(read_table(body.duties), **depot.read_shipment(body.shipment))
        return landed_document(found, body.duties.encode())

    @routes.post("/customs/documents", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
    def make_document(body: PaperRequest, principal: Principal = require("shop")) -> Response:
        """Make a commercial invoice, packing list, CN 22 or CN 23 as PDF."""
        shipment = logistics.papers.of(body.shipment)
        if body.duties is not None:
            shipment = logistics.papers.with_duties(shipment, read_table(body.duties))
        made = logistics.papers.make(shipment, body.kind)
        name = f'attachment; filename="{body.kind.value}.pdf"'
        return Response(made, media_type="application/pdf", headers={"Content-Disposition": name})
