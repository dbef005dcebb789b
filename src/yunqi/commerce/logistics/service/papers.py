"""Customs papers of a shipment, with the duties reckoned from a table that the user gives."""

import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.engine.customs.landed import landed_cost
from yunqi.commerce.logistics.engine.customs.papers.read import read_consignment
from yunqi.commerce.logistics.model.customs import DutyLine, Good
from yunqi.commerce.logistics.model.papers import Consignment, Paper
from yunqi.commerce.logistics.service.documents import load_json
from yunqi.commerce.logistics.service.extra import needs_extra


class PaperDesk:
    """Commercial invoices, packing lists, CN 22 and CN 23."""

    def read(self, path: Path) -> Consignment:
        """Read a shipment from a JSON file."""
        return self.of(load_json(path))

    def of(self, document: Any) -> Consignment:
        """Read a shipment from plain values."""
        return read_consignment(document)

    def with_duties(self, shipment: Consignment, table: Sequence[DutyLine]) -> Consignment:
        """Return the shipment with duties and taxes reckoned; freight and insurance are those among its charges."""
        charges = dict(shipment.charges)
        goods = [Good(line.code, line.origin, line.value, line.net_g, line.preference) for line in shipment.lines]
        found = landed_cost(
            goods, table, destination=shipment.receiver.country, day=shipment.day, currency=shipment.currency,
            freight=charges.get("freight", 0), insurance=charges.get("insurance", 0),
            rates=dict(shipment.rates),
        )  # fmt: skip
        due = tuple(
            (cost.name, cost.amount, cost.because) for cost in found.costs if cost.name.startswith(("duty", "tax"))
        )
        return replace(shipment, due=due)

    def make(self, shipment: Consignment, kind: Paper) -> bytes:
        """Return a paper as PDF; see `engine.customs.papers.draw.draw`."""
        with needs_extra("logistics"):
            drawing = importlib.import_module("yunqi.commerce.logistics.engine.customs.papers.draw")  # loads reportlab
        made: bytes = drawing.draw(shipment, kind)
        return made
