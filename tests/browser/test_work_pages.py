"""The console's pages of planning and labs in a real browser, each with axe-core over what it draws."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Shoot = Callable[[Page, str], None]
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SETTLED = """() => Promise.race([
  Promise.all(document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity).map((one) => one.finished.catch(() => undefined))),
  new Promise((done) => setTimeout(done, 3000)),
])"""
"""Waits for transitions: half way through one, colours are nobody's choice."""
SLOW = 120_000
"""Milliseconds: a shop's very first solve compiles the search."""


def open_page(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Menu").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def barriers(page: Page) -> list[str]:
    """What axe-core calls serious or critical; nothing where it is not installed."""
    if not AXE.exists():
        return []
    page.evaluate(SETTLED)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)")
    serious = [rule for rule in found if rule["impact"] in ("serious", "critical")]
    return [f"{rule['id']}: {node['target']}" for rule in serious for node in rule["nodes"]]


def drawn(page: Page, name: str | re.Pattern[str]):
    return page.get_by_role("img", name=name)


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}], ids=["light", "dark"])
def test_routes_loads_and_berths_are_planned_and_drawn(visit, shoot: Shoot, options: dict[str, object]):
    visit.expect_status(400, 404, 422)
    page = visit.sign_in()
    open_page(page, "Logistics")
    problem = page.get_by_role("textbox", name="Problem")
    problem.fill("{not json")
    page.get_by_role("button", name="Plan routes").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not JSON")
    page.get_by_role("button", name="Fill in an example").click()
    page.get_by_role("button", name="Plan routes").click()
    expect(page.get_by_text("done", exact=True)).to_be_visible(timeout=SLOW)
    expect(drawn(page, re.compile("routes over 19 tasks"))).to_be_visible()
    expect(drawn(page, re.compile("Driving and service times"))).to_be_visible()
    vehicle = page.locator(".legend button").first
    vehicle.press("Enter")
    expect(vehicle).to_have_attribute("aria-pressed", "true")
    vehicle.press("Enter")
    page.get_by_role("region", name=re.compile("Plan [0-9]+")).scroll_into_view_if_needed()
    assert barriers(page) == []
    page.evaluate("document.querySelector('section[aria-label=Map]').scrollIntoView()")
    page.evaluate("window.scrollBy(0, -70)")
    shoot(page, "console-logistics-dark" if options else "console-logistics")
    plans = page.get_by_role("region", name="Plans").first
    expect(plans.get_by_role("row")).to_have_count(3)
    plans.get_by_role("button", name="Show more").click()
    page.get_by_role("searchbox", name="Number of a plan").fill("99")
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.get_by_role("alert").filter(has_text="did not load")).to_be_visible()
    _pack(page, shoot)
    _moor(page, shoot)


def _pack(page: Page, shoot: Shoot) -> None:
    page.get_by_role("tab", name="Packing").click()
    panel = page.get_by_role("tabpanel", name="Packing")
    panel.get_by_role("textbox", name="Problem").fill('{"items": []}')
    panel.get_by_role("button", name="Pack", exact=True).click()
    expect(panel.get_by_role("alert")).to_be_visible()
    panel.get_by_role("button", name="Fill in an example").click()
    panel.get_by_role("button", name="Pack", exact=True).click()
    load = panel.get_by_role("application", name=re.compile("120 × 80 × 80"))
    expect(load).to_be_visible(timeout=SLOW)
    before = load.locator("polygon").first.get_attribute("points")
    load.press("ArrowLeft")
    expect(load.locator("svg")).to_have_attribute("data-yaw", "0.85")
    assert load.locator("polygon").first.get_attribute("points") != before
    assert barriers(page) == []
    load.scroll_into_view_if_needed()
    shoot(page, "console-packing")


def _moor(page: Page, shoot: Shoot) -> None:
    page.get_by_role("tab", name="Berths").click()
    panel = page.get_by_role("tabpanel", name="Berths")
    panel.get_by_role("button", name="Fill in an example").click()
    panel.get_by_role("button", name="Plan berths").click()
    chart = drawn(page, re.compile("vessels, the last leaves at"))
    expect(chart).to_be_visible(timeout=SLOW)
    expect(chart).to_contain_text("Borealis")
    assert barriers(page) == []
    chart.scroll_into_view_if_needed()
    shoot(page, "console-berths")


def test_a_stop_is_given_to_another_vehicle_and_a_driver_follows_the_day(visit, shoot: Shoot):
    visit.expect_status(400, 404, 409, 422)
    page = visit.sign_in()
    open_page(page, "Logistics")
    page.get_by_role("button", name="Fill in an example").click()
    page.get_by_role("button", name="Plan routes").click()
    board = page.get_by_role("region", name="Re-assign by hand")
    expect(board).to_be_visible(timeout=SLOW)
    first = board.get_by_role("group", name="van 1", exact=True)
    stop = first.get_by_role("button").first
    name = stop.inner_text()
    stop.drag_to(board.get_by_role("group", name="van 3", exact=True))
    expect(board.locator(".ant-alert")).to_contain_text("ossible")
    board.get_by_role("combobox", name="Move").select_option("van 2")
    expect(board.locator(".ant-alert")).to_contain_text("the cost changes by", timeout=SLOW)
    assert barriers(page) == []
    board.scroll_into_view_if_needed()
    shoot(page, "console-board")
    board.get_by_role("button", name="Keep this move").click()
    expect(
        board.get_by_role("group", name="van 2", exact=True).get_by_role("button", name=name, exact=True)
    ).to_be_visible()
    page.set_viewport_size({"width": 400, "height": 800})
    page.get_by_role("link", name="Driver’s page").first.click()
    expect(page.get_by_role("heading", name="Next stop")).to_be_visible()
    assert barriers(page) == []
    shoot(page, "console-driver")
    page.get_by_role("button", name="Done, go on").click()
    expect(page.get_by_role("list", name="Stops").get_by_text("done", exact=True)).to_have_count(1)


def test_robots_and_a_yard_are_planned_and_played_step_by_step(visit, shoot: Shoot):
    visit.expect_status(400, 422)
    page = visit.sign_in()
    open_page(page, "Logistics")
    page.get_by_role("tab", name="Robots").click()
    panel = page.get_by_role("tabpanel", name="Robots")
    panel.get_by_role("textbox", name="Problem").fill('{"grid": ["..", "."], "robots": []}')
    panel.get_by_role("button", name="Plan paths").click()
    expect(panel.get_by_role("alert")).to_contain_text("row 1")
    panel.get_by_role("button", name="Fill in an example").click()
    panel.get_by_role("button", name="Plan paths").click()
    floor = panel.get_by_role("img", name=re.compile("4 robots on 7 × 12 cells"))
    expect(floor).to_be_visible(timeout=SLOW)
    expect(floor.locator("rect.drop")).to_have_count(6)
    expect(floor.get_by_text("e1", exact=True)).to_have_count(2)
    slider = panel.get_by_role("slider", name="Step", exact=True)
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(floor).to_have_attribute("data-step", "2")
    panel.get_by_role("button", name="One step on").click()
    expect(floor).to_have_attribute("data-step", "3")
    panel.get_by_role("button", name="r2", exact=True).click()
    assert floor.locator("polyline").get_attribute("points")
    assert barriers(page) == []
    shoot(page, "console-robots")
    panel.get_by_role("button", name="Play").click()
    expect(panel.get_by_role("button", name="Pause")).to_be_visible()
    slider.press("End")
    expect(panel.get_by_role("button", name="One step on")).to_be_disabled()
    _fetch_and_store(page, shoot)


def _fetch_and_store(page: Page, shoot: Shoot) -> None:
    page.get_by_role("tab", name="Yard").click()
    panel = page.get_by_role("tabpanel", name="Yard")
    panel.get_by_role("button", name="Fill in an example").click()
    panel.get_by_role("button", name="Plan moves").click()
    bay = panel.get_by_role("img", name=re.compile("containers in 6 stacks"))
    expect(bay).to_be_visible(timeout=SLOW)
    panel.get_by_role("button", name="One step on").click()
    expect(
        panel.get_by_role("status")
        .filter(has_text="c1 leaves from stack")
        .or_(panel.get_by_role("status").filter(has_text="is shifted"))
    ).to_be_visible()
    assert barriers(page) == []
    bay.scroll_into_view_if_needed()
    shoot(page, "console-yard")
    panel.get_by_role("slider", name="Step", exact=True).press("End")
    expect(panel.get_by_role("img", name="0 containers in 6 stacks")).to_be_visible()
    panel.get_by_text("Store arrivals", exact=True).click()
    panel.get_by_role("button", name="Plan moves").click()
    expect(panel.get_by_text("Stored above one that leaves earlier")).to_be_visible(timeout=SLOW)
    panel.get_by_role("slider", name="Step", exact=True).press("End")
    expect(panel.get_by_role("img", name="16 containers in 6 stacks")).to_be_visible()


def test_a_walk_batches_and_a_wave_are_planned_and_drawn(visit, shoot: Shoot):
    visit.expect_status(400, 422)
    page = visit.sign_in()
    open_page(page, "Logistics")
    page.get_by_role("tab", name="Picking").click()
    panel = page.get_by_role("tabpanel", name="Picking")
    expect(panel.get_by_text("No walk yet")).to_be_visible()
    wrong = '{"block": {"aisles": 2, "length_m": 9, "pitch_m": 3}, "picks": [{"id": "tea", "aisle": 7, "at_m": 1}]}'
    panel.get_by_role("textbox", name="Problem").fill(wrong)
    panel.get_by_role("button", name="Find the walk").press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("aisle")
    panel.get_by_role("button", name="Fill in an example").press("Enter")
    panel.get_by_role("button", name="Find the walk").press("Enter")
    aisles = panel.get_by_role("img", name="A walk of 128 m past 7 picks in 6 aisles")
    expect(aisles).to_be_visible(timeout=SLOW)
    expect(panel.get_by_role("region", name="Picks in the order of the walk").get_by_role("row")).to_have_count(8)
    panel.get_by_role("slider", name="Step", exact=True).press("End")
    expect(aisles.locator("line.walked")).to_have_count(21)
    assert barriers(page) == []
    aisles.scroll_into_view_if_needed()
    shoot(page, "console-picking")
    page.reload()
    expect(page.get_by_role("tab", name="Picking")).to_have_attribute("aria-selected", "true")
    _batch_and_wave(page)


def _batch_and_wave(page: Page) -> None:
    panel = page.get_by_role("tabpanel", name="Picking")
    panel.get_by_text("Batches", exact=True).click()
    panel.get_by_role("button", name="Fill in an example").click()
    panel.get_by_role("button", name="Make batches").click()
    expect(panel.get_by_role("img", name=re.compile("4 batches, .* m in all"))).to_be_visible(timeout=SLOW)
    panel.get_by_role("button", name="Walk of batch 2").press("Enter")
    walk = panel.get_by_role("region", name="The walk of batch 2")
    expect(walk.get_by_role("img", name=re.compile("picks in 6 aisles"))).to_be_visible()
    assert barriers(page) == []
    panel.get_by_text("A wave", exact=True).click()
    panel.get_by_role("textbox", name="Problem").fill("1 1 1\n1 0 x\n1 0 3\n0 5\n")
    panel.get_by_role("button", name="Choose the wave").click()
    expect(panel.get_by_role("alert")).to_contain_text("line 2", timeout=SLOW)
    panel.get_by_role("textbox", name="Problem").fill("1 1 1\n1 0 2\n1 0 3\n0 5\n")
    panel.get_by_role("button", name="Choose the wave").click()
    expect(panel.get_by_role("img", name="1 orders of 2 units from 1 aisles")).to_be_visible(timeout=SLOW)
    panel.get_by_role("button", name="Fill in an example").click()
    panel.get_by_role("button", name="Choose the wave").click()
    expect(panel.get_by_role("img", name="4 orders of 14 units from 2 aisles")).to_be_visible(timeout=SLOW)
    assert barriers(page) == []


def test_a_landed_cost_is_a_receipt_with_its_table(visit, shoot: Shoot):
    visit.expect_status(400, 422)
    page = visit.sign_in()
    page.set_viewport_size({"width": 360, "height": 780})
    page.goto(page.url.split("/console")[0] + "/console/logistics?tab=costs")
    panel = page.get_by_role("tabpanel", name="Landed cost")
    expect(panel.get_by_text("Nothing reckoned yet")).to_be_visible()
    panel.get_by_role("button", name="Fill in an example").click()
    table = panel.get_by_role("textbox", name="Duty table (CSV)")
    right = table.input_value()
    table.fill(right.replace("12%", "12 % or so"))
    panel.get_by_role("button", name="Reckon the cost").click()
    expect(panel.get_by_role("alert")).to_contain_text("line 2")
    table.fill(right)
    panel.get_by_role("button", name="Reckon the cost").press("Enter")
    receipt = panel.get_by_role("table", name="Receipt")
    expect(receipt.get_by_role("row")).to_have_count(8)
    expect(receipt).to_contain_text("Duty on good 1: 610910 from CN")
    expect(receipt.get_by_role("row").last).to_contain_text("2,148.48")
    expect(panel.get_by_text("Version of the duty table")).to_contain_text(
        hashlib.sha256(right.encode()).hexdigest()[:12]
    )
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert barriers(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    receipt.scroll_into_view_if_needed()
    shoot(page, "console-landed-cost")


def test_demand_and_arrivals_are_forecast_with_their_intervals(visit, shoot: Shoot):
    visit.expect_status(400, 422)
    page = visit.sign_in()
    open_page(page, "Logistics")
    page.get_by_role("tab", name="Forecasts").click()
    panel = page.get_by_role("tabpanel", name="Forecasts")
    expect(panel.get_by_text("Nothing forecast yet")).to_be_visible()
    panel.get_by_role("textbox", name="Sales (CSV)").fill("id,quantity\ntea,1\n")
    panel.get_by_role("button", name="Forecast", exact=True).click()
    expect(panel.get_by_role("alert")).to_contain_text("date")
    panel.get_by_role("button", name="Fill in an example").click()
    panel.get_by_role("button", name="Forecast", exact=True).click()
    plot = panel.get_by_role("img", name=re.compile("green tea: 6 buckets ahead"))
    expect(plot).to_be_visible(timeout=SLOW)
    expect(plot.locator("path.band")).to_have_count(2)
    expect(panel.get_by_role("region", name="Forecast by bucket").get_by_role("row")).to_have_count(7)
    panel.get_by_role("combobox", name="Series").fill("kettle")
    panel.get_by_role("combobox", name="Series").press("Enter")
    expect(panel.get_by_role("img", name=re.compile("kettle: 6 buckets ahead"))).to_be_visible()
    assert barriers(page) == []
    plot = panel.get_by_role("img", name=re.compile("kettle: "))
    plot.scroll_into_view_if_needed()
    shoot(page, "console-forecast")
    panel.get_by_text("Arrivals", exact=True).click()
    panel.get_by_role("button", name="Fill in an example").click()
    panel.get_by_role("button", name="Forecast arrivals").click()
    expect(panel.get_by_role("img", name="Minutes of 8 trips with their 95 % intervals")).to_be_visible(timeout=SLOW)
    expect(panel.get_by_text("95 % intervals held")).to_be_visible()
    assert barriers(page) == []
    panel.get_by_role("textbox", name="Past trips (CSV)").fill("begun,minutes\n")
    panel.get_by_role("button", name="Forecast arrivals").click()
    expect(panel.get_by_role("alert")).to_contain_text("started")


def test_codes_are_decided_by_a_person_and_papers_made(visit, shoot: Shoot):
    visit.expect_status(400, 422)
    page = visit.sign_in()
    open_page(page, "Logistics")
    page.get_by_role("tab", name="Customs").click()
    panel = page.get_by_role("tabpanel", name="Customs")
    expect(panel.get_by_text("Load a nomenclature to classify products")).to_be_visible()
    panel.get_by_role("button", name="Fill in an example").first.click()
    expect(panel.get_by_text("example.csv")).to_be_visible()
    expect(panel.get_by_role("button", name="Load it")).to_be_enabled()
    chooser = panel.locator("input[type=file]").first
    panel.get_by_role("textbox", name="Version").fill("made up 2026")
    panel.get_by_role("textbox", name="Where it comes from").fill("a test")
    chooser.set_input_files({"name": "wrong.csv", "mimeType": "text/csv", "buffer": b"nothing"})
    panel.get_by_role("button", name="Load it").click()
    expect(panel.get_by_role("alert")).to_be_visible()
    table = b"code,text\n09,Coffee and tea\n0902,Tea\n090210,Green tea in packings of at most 3 kg\n090240,Other black tea\n"
    chooser.set_input_files({"name": "small.csv", "mimeType": "text/csv", "buffer": table})
    panel.get_by_role("button", name="Load it").click()
    panel.get_by_role("textbox", name="Text of the product").fill("green tea")
    panel.get_by_role("button", name="Suggest codes").click()
    expect(panel.get_by_role("region", name="Candidates")).to_contain_text("090210")
    if not visit.site.real:
        panel.get_by_role("button", name="sku 9").click()
        panel.get_by_role("textbox", name="Why this code").fill("It is made of cotton.")
        assert barriers(page) == []
        panel.get_by_role("region", name="Nomenclature").first.scroll_into_view_if_needed()
        shoot(page, "console-customs")
        panel.get_by_role("button", name="Keep the decision").click()
        expect(panel.get_by_text("Nothing waits for a person")).to_be_visible()
    panel.get_by_role("button", name="Fill in an example").click()
    with page.expect_download() as download:
        panel.get_by_role("button", name="Make the paper").click()
    assert download.value.suggested_filename == "invoice.pdf"
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")


def test_training_shows_runs_a_loss_curve_and_scores(visit, shoot: Shoot):
    page = visit.sign_in()
    open_page(page, "Training")
    page.get_by_role("region", name="Leaderboard").locator(".ant-empty, table").first.wait_for()
    page.locator("tbody tr.ant-table-row, .ant-empty").first.wait_for()
    assert barriers(page) == []
    if visit.site.real and not page.locator("tbody tr.ant-table-row").count():
        expect(page.get_by_text("Nothing has been trained yet")).to_be_visible()
        return
    page.locator("tbody tr.ant-table-row button.opener").first.click()
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_role("img", name=re.compile("training losses, the last"))).to_be_visible()
    assert barriers(page) == []
    shoot(page, "console-training")
    if visit.site.real:
        return
    expect(drawer).to_contain_text("0:03:56")
    expect(drawer).to_contain_text("Held-out loss")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(page.get_by_role("region", name="Leaderboard").get_by_role("row").nth(1)).to_contain_text("small-sft")
    page.get_by_role("button", name="Stop the run first-model?").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Stop the run").click()
    expect(page.get_by_text("stopped", exact=True)).to_be_visible()


def network() -> bytes:
    """A small ONNX network with made-up weights."""
    onnx = pytest.importorskip("onnx")
    made, tensor = onnx.helper, onnx.TensorProto.FLOAT
    ends = [made.make_tensor_value_info(name, tensor, [1, size, 16, 16]) for name, size in (("in", 3), ("out", 8))]
    weights = made.make_tensor("w", tensor, [8, 3, 3, 3], [0.01 * (n % 17 - 8) for n in range(216)])
    nodes = [
        made.make_node("Conv", ["in", "w"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        made.make_node("Relu", ["c"], ["out"], name="relu"),
    ]
    graph = made.make_graph(nodes, "small", ends[:1], ends[1:], [weights])
    return bytes(made.make_model(graph, opset_imports=[made.make_opsetid("", 17)], ir_version=8).SerializeToString())


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}], ids=["light", "dark"])
def test_a_network_is_compiled_and_profiled(visit, shoot: Shoot, options: dict[str, object]):
    visit.expect_status(400, 422)
    page = visit.sign_in()
    open_page(page, "Labs")
    expect(page.get_by_text("No network has been compiled yet")).to_be_visible()
    chooser = page.locator("input[type=file]")
    chooser.set_input_files({"name": "no.onnx", "mimeType": "application/octet-stream", "buffer": b"nothing"})
    page.get_by_role("button", name="Compile and profile").click()
    expect(page.get_by_role("alert")).to_be_visible()
    chooser.set_input_files({"name": "small.onnx", "mimeType": "application/octet-stream", "buffer": network()})
    page.get_by_role("button", name="Compile and profile").click()
    expect(page.get_by_role("region", name="Segments").first).to_contain_text("chip", timeout=SLOW)
    expect(drawn(page, re.compile("Work of .*tensor.* cycles"))).to_be_visible()
    expect(drawn(page, re.compile("KiB are in use"))).to_be_visible()
    for button, ending in (("Save the trace", ".trace.json"), ("Save the roofline plot", ".roofline.svg")):
        with page.expect_download() as saved:
            page.get_by_role("button", name=button).click()
        assert saved.value.suggested_filename.endswith(ending)
    assert barriers(page) == []
    page.get_by_role("region", name="Segments").first.evaluate("node => node.scrollIntoView()")
    page.evaluate("window.scrollBy(0, -70)")
    shoot(page, "console-labs-dark" if options else "console-labs")


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}], ids=["light", "dark"])
def test_a_program_is_run_and_its_cycles_are_explained(visit, shoot: Shoot, options: dict[str, object]):
    visit.expect_status(400, 422)
    page = visit.sign_in()
    open_page(page, "Labs")
    page.get_by_role("tab", name="Xuantie 910").press("Enter")
    page.get_by_role("tab", name="Xuantie 910").click()
    panel = page.get_by_role("tabpanel", name="Xuantie 910")
    expect(panel.get_by_text("No program has been run yet")).to_be_visible()
    chooser = panel.locator("input[type=file]")
    chooser.set_input_files({"name": "no.elf", "mimeType": "application/octet-stream", "buffer": b"nothing"})
    panel.get_by_role("button", name="Run and profile").click()
    expect(panel.get_by_role("alert")).to_be_visible()
    program = Path(__file__).parents[2] / "src/yunqi/labs/riscv/engine/kernels/mix.elf"
    chooser.set_input_files(program)
    panel.get_by_role("button", name="Run and profile").click()
    expect(panel.get_by_role("region", name="Where the cycles went").first).to_contain_text("base", timeout=SLOW)
    expect(drawn(page, re.compile("instructions on their way through the pipeline"))).to_be_visible()
    assert barriers(page) == []
    panel.get_by_role("region", name="Where the cycles went").first.evaluate("node => node.scrollIntoView()")
    page.evaluate("window.scrollBy(0, -70)")
    shoot(page, "console-core-dark" if options else "console-core")
