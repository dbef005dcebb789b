"""No page may have a barrier that axe-core calls serious or critical, in light or dark colours."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
CONSOLE = [
    "",
    "/catalog",
    "/imports",
    "/events",
    "/policies",
    "/decisions",
    "/models",
    "/playground",
    "/usage",
    "/logistics",
    "/training",
    "/labs",
    "/jobs",
    "/keys",
    "/settings",
]


def barriers(page: Page) -> list[str]:
    """What axe-core finds; evaluated by the browser's debugger, which the content security policy does not bind."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)")
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.fixture(autouse=True)
def axe() -> None:
    if not AXE.exists():
        pytest.skip("axe-core is missing: npm ci in web/")


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}], ids=["light", "dark"])
def test_the_storefront_has_no_barriers(visit):
    page = visit.go("/store")
    page.locator(".shelf .card").first.wait_for()
    assert barriers(page) == []
    visit.go("/store/search?q=coffee")
    page.locator(".button.add").first.click()
    expect(page.locator(".stepper").first).to_be_visible()
    page.get_by_role("combobox", name="Search the shop").fill("co")
    page.get_by_role("option").first.wait_for()
    assert barriers(page) == []
    path = page.locator(".card h3 a").first.get_attribute("href")
    visit.go(path)
    page.locator(".buy h1").wait_for()
    assert barriers(page) == []
    for place, ready in (
        ("basket", ".lines li"),
        ("checkout", ".checkout"),
        ("orders", "main h1"),
        ("about", "main h1"),
    ):
        visit.go(f"/store/{place}")
        page.locator(ready).first.wait_for()
        assert barriers(page) == []


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}], ids=["light", "dark"])
def test_the_console_has_no_barriers(visit):
    visit.expect_status(401)
    visit.go("/console").get_by_label("API key").wait_for()
    assert barriers(visit.page) == []
    page = visit.sign_in()
    found = {}
    for place in CONSOLE:
        visit.go(f"/console{place}")
        page.locator("main h1").wait_for()
        page.wait_for_timeout(900)
        found[place] = barriers(page)
    assert {place: problems for place, problems in found.items() if problems} == {}
