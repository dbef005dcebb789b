"""The console in a real browser: every page, with a key."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Shoot = Callable[[Page, str], None]
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
PLACES = [
    "catalog",
    "imports",
    "events",
    "policies",
    "decisions",
    "models",
    "playground",
    "usage",
    "logistics",
    "training",
    "labs",
    "jobs",
    "keys",
    "settings",
]


def open_page(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Menu").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def rows(page: Page):
    return page.locator("tbody tr.ant-table-row")


def test_a_wrong_key_is_refused(visit, shoot: Shoot):
    visit.expect_status(401, 403)
    page = visit.go("/console/catalog")
    shoot(page, "console-login")
    page.get_by_label("API key").fill("sk-wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert page.context.cookies() == [] or "yunqi_session" not in {cookie["name"] for cookie in page.context.cookies()}


def test_the_session_is_a_cookie_scripts_cannot_read_and_ends(visit):
    page = visit.sign_in()
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == "yunqi_session")
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("API key")).to_be_visible()


def test_overview_shows_live_figures(visit, shoot: Shoot):
    page = visit.sign_in()
    expect(page.locator(".figure dd").first).to_be_visible()
    expect(page.locator(".chart svg")).to_be_visible()
    expect(page.get_by_role("region", name="Health").get_by_role("listitem").first).to_be_visible()
    shoot(page, "console-overview")
    page.get_by_text("30 days").click()
    expect(page.locator(".chart svg")).to_be_visible()


def test_catalog_is_searched_and_a_product_opened(visit, shoot: Shoot):
    page = visit.sign_in()
    open_page(page, "Catalog")
    rows(page).first.wait_for()
    page.get_by_role("searchbox", name="Search titles and ids").fill("coffee")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(rows(page).first).to_contain_text(re.compile("coffee", re.IGNORECASE))
    shoot(page, "console-catalog")
    rows(page).first.locator("button.opener").click()
    drawer = page.get_by_role("dialog")
    expect(drawer).to_contain_text("Generation")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()


def test_imports_show_reports_and_a_dry_run(visit, shoot: Shoot):
    page = visit.sign_in()
    open_page(page, "Imports")
    feed = b"id,title,price,availability,link\nbrowser-1,Test tea,1.49 USD,in_stock,https://example.com/1\n"
    page.locator("input[type=file]").set_input_files({"name": "feed.csv", "mimeType": "text/csv", "buffer": feed})
    expect(page.get_by_role("switch", name="Dry run: check only")).to_be_checked()
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text(re.compile("Job .* has started"))).to_be_visible()
    expect(page.locator(".panel .mood", has_text=re.compile("^(done|running|queued)$")).first).to_be_visible()
    page.locator("tbody tr.ant-table-row, .ant-empty").first.wait_for()
    if rows(page).count():
        shoot(page, "console-imports")
        rows(page).first.locator("button.opener").click()
        expect(page.get_by_role("dialog")).to_contain_text("Rejected rows")


def test_events_arrive_while_one_watches(visit, shoot: Shoot):
    page = visit.sign_in()
    open_page(page, "Events")
    rows(page).first.wait_for()
    shoot(page, "console-events")
    before = int(rows(page).first.locator("td").nth(1).inner_text().replace(",", ""))
    other = page.context.new_page()
    word = f"tail{uuid.uuid4().hex[:8]}"
    with other.expect_response(lambda answer: word in (answer.request.post_data or "")):  # the page sends it in a batch
        other.goto(f"{visit.site.url}/store/search?q={word}")
    other.close()
    expect(page.locator("tbody")).to_contain_text(word)
    assert int(rows(page).first.locator("td").nth(1).inner_text().replace(",", "")) > before
    rows(page).first.locator(".ant-table-row-expand-icon").click()
    expect(page.locator("pre.json").first).to_be_visible()


def test_policies_show_their_metrics(visit, shoot: Shoot):
    page = visit.sign_in()
    open_page(page, "Policies")
    rows(page).first.wait_for()
    shoot(page, "console-policies")
    rows(page).first.locator(".ant-table-row-expand-icon").click()
    expect(page.locator(".drawer-facts").first).to_contain_text("Features")
    page.get_by_role("button", name="Train new policies").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()


def test_a_ranking_is_explained(visit, shoot: Shoot):
    shop = visit.go("/store/search?q=coffee")
    shop.locator(".card").first.wait_for()
    page = visit.sign_in()
    open_page(page, "Decisions")
    rows(page).first.wait_for()
    shoot(page, "console-decisions")
    rows(page).filter(has_text="coffee").first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("coffee")
    expect(page.locator(".funnel li").first).to_be_visible()
    expect(page.locator(".bars .bar-row").first).to_be_visible()
    expect(rows(page).first).to_contain_text(re.compile("ranked|exploration"))
    shoot(page, "console-decision")


def test_models_and_the_playground_answer(visit, shoot: Shoot):
    page = visit.sign_in()
    open_page(page, "Models")
    rows(page).first.wait_for()
    shoot(page, "console-models")
    open_page(page, "Playground")
    page.get_by_role("textbox", name="Message", exact=True).fill("Say hello in five words.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text(re.compile(r"\d+ tokens read, \d+ written"))).to_be_visible(timeout=120_000)
    assert page.locator(".say").nth(1).inner_text().strip() not in ("Model", "Model\n…")
    shoot(page, "console-playground")


def test_a_key_is_shown_once_and_revoked(visit, shoot: Shoot):
    page = visit.sign_in()
    open_page(page, "Keys")
    rows(page).first.wait_for()
    shoot(page, "console-keys")
    page.get_by_role("button", name="Create a key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Create a key").click()
    expect(dialog.get_by_text("Give the key a name.")).to_be_visible()
    dialog.get_by_label("Name").fill("browser test")
    dialog.get_by_role("button", name="Create a key").click()
    secret = page.get_by_test_id("secret")
    expect(secret).to_contain_text("sk-")
    page.get_by_role("button", name="I have copied it").click()
    expect(secret).to_have_count(0)
    row = rows(page).filter(has_text="browser test").filter(has_text="active").first
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(rows(page).filter(has_text="browser test").filter(has_text="revoked").first).to_be_visible()


def test_usage_is_grouped(visit, shoot: Shoot):
    page = visit.sign_in()
    open_page(page, "Usage")
    expect(page.get_by_role("columnheader", name="Quantity")).to_be_visible()
    shoot(page, "console-usage")
    page.get_by_text("Key", exact=True).click()
    expect(page.get_by_role("columnheader", name="Key", exact=True)).to_be_visible()


def test_jobs_show_progress(visit, shoot: Shoot):
    page = visit.sign_in()
    open_page(page, "Jobs")
    page.locator("tbody tr.ant-table-row, .ant-empty").first.wait_for()
    if visit.site.real and not rows(page).count():
        expect(page.get_by_text("No job has run yet")).to_be_visible()
        return
    rows(page).first.wait_for()
    shoot(page, "console-jobs")
    rows(page).first.locator("button.opener").click()
    expect(page.get_by_role("dialog")).to_contain_text("Attempts")


def test_settings_are_searched(visit, shoot: Shoot):
    page = visit.sign_in()
    open_page(page, "Settings")
    rows(page).first.wait_for()
    everything = rows(page).count()
    page.get_by_role("textbox", name="Search names and explanations").fill("port")
    expect(rows(page)).not_to_have_count(everything)
    expect(page.locator("tbody")).to_contain_text("port")
    page.get_by_role("textbox", name="Search names and explanations").fill("")
    shoot(page, "console-settings")


@pytest.mark.parametrize("options", [PHONE])
def test_a_phone_shows_every_page_without_sideways_scrolling(visit, shoot: Shoot):
    page = visit.sign_in()
    page.locator(".chart svg").wait_for()
    shoot(page, "console-phone")
    for place in ["", *PLACES]:
        visit.go(f"/console/{place}")
        page.locator("main h1").wait_for()
        page.wait_for_load_state("networkidle") if place not in ("", "events", "jobs") else page.wait_for_timeout(700)
        wide, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert wide <= window, f"{place} is {wide} px wide in a window of {window} px"
    page.get_by_role("button", name="Open the menu").click()
    page.get_by_role("dialog").get_by_role("link", name="Keys").click()
    expect(page.get_by_role("heading", name="Keys", level=1)).to_be_visible()


@pytest.mark.parametrize("options", [{"color_scheme": "dark"}])
def test_dark_and_chinese(visit, shoot: Shoot):
    page = visit.sign_in()
    page.locator(".chart svg").wait_for()
    shoot(page, "console-dark")
    page.get_by_role("button", name="切换到中文").click()
    expect(page.get_by_role("heading", name="概览")).to_be_visible()
    for name in ("商品目录", "设置"):
        page.get_by_role("navigation", name="菜单").get_by_role("link", name=name).click()
        expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    shoot(page, "console-chinese")


def test_an_ended_session_asks_for_a_key_again(visit):
    page = visit.sign_in()
    page.context.clear_cookies()
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Keys", exact=True).click()
    expect(page.get_by_label("API key")).to_be_visible()
