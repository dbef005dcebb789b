"""The page on borders: each file it shows is answered, and it names every key and column that is read."""

import json
import re
from pathlib import Path

from yunqi.commerce.logistics import Depot, JourneyDesk, LogisticsConfig, PaperDesk
from yunqi.commerce.logistics.engine.customs import duties, landed, nomenclature
from yunqi.commerce.logistics.engine.customs.papers import read as papers
from yunqi.commerce.logistics.engine.journeys import read as journeys
from yunqi.commerce.logistics.model.papers import Paper

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "border.md").read_text()
SHOWN = dict(re.findall(r"```(?:json|csv) ([\w-]+)\n(.*?)```", PAGE, flags=re.DOTALL))


def test_the_shown_shipment_is_reckoned_as_by_hand() -> None:
    depot = Depot(LogisticsConfig())
    found = depot.landed_cost(
        duties.read_table(SHOWN["duties"]), **depot.read_shipment(json.loads(SHOWN["landed-cost"]))
    )
    amounts = {cost.name: cost.amount for cost in found.costs}
    # 906.00 CNY of goods are under 150 EUR at 7.85; 80.55 CNY are divided as 546 to 360; the tea claims its agreement.
    assert amounts["duty 1"] == 0
    assert amounts["tax 1"] == round((54600 + 4854) * 0.19)
    assert amounts["duty 2"] == 0
    assert amounts["tax 2"] == round((36000 + 3201) * 0.07)
    assert "EU-VN" in next(cost.because for cost in found.costs if cost.name == "duty 2")


def test_the_shown_papers_codes_and_journeys_are_made() -> None:
    desk = PaperDesk()
    shipment = desk.of(json.loads(SHOWN["documents"]))
    assert all(desk.make(shipment, kind).startswith(b"%PDF") for kind in Paper)
    assert len(nomenclature.read_nomenclature(SHOWN["hs-load"], version="v", source="s").declarable()) == 2
    way = JourneyDesk()
    network = way.of(json.loads(SHOWN["journey"]))
    wish = way.wish("hangzhou", "berlin", "2026-11-23T10:00+08:00", weight_g=12_000)
    assert [leg.service for leg in way.find(network, wish)[0].legs] == ["truck", "air"]


def test_every_key_and_column_is_on_the_page() -> None:
    keys = landed.GOOD | papers.TOP | papers.PARTY | papers.LINE | papers.PARCEL
    keys |= journeys.PLACE | journeys.SERVICE | journeys.CLEARANCE | {*duties.COLUMNS, *duties.MORE}
    assert [key for key in sorted(keys) if f"`{key}`" not in PAGE] == []
