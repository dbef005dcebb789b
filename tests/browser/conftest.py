"""The browser tests run against YUNQI_TEST_URL with YUNQI_TEST_KEY, or else against the made-up shop of `mock_shop`."""

from __future__ import annotations

import importlib.util
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

CHROMIUM = os.environ.get("YUNQI_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
]
PATIENCE = float(os.environ.get("YUNQI_TEST_PATIENCE_MS", "20000"))
LARGEST = 220_000

expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Site:
    """The server under test."""

    url: str
    key: str
    real: bool


@dataclass
class Visit:
    """One page of a browser, with everything that went wrong in it."""

    page: Page
    site: Site
    problems: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def go(self, path: str) -> Page:
        self.page.goto(self.site.url + path)
        return self.page

    def expect_status(self, *statuses: int) -> None:
        """Refusals with these statuses are part of the test: the browser's note of them is no problem."""
        self.expected.update(statuses)

    def sign_in(self) -> Page:
        page = self.go("/console")
        self.expect_status(401)
        page.get_by_label("API key").fill(self.site.key)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="Overview", level=1).wait_for()
        return page

    def listen(self) -> None:
        def said(message: ConsoleMessage) -> None:
            text = message.text
            refused = "Failed to load resource" in text and any(
                f"status of {status}" in text for status in self.expected
            )
            if message.type in ("error", "warning") and not refused:
                self.problems.append(f"{message.type}: {text} ({message.location.get('url', '')})")

        def asked(request: Request) -> None:
            if not request.url.startswith((self.site.url, "data:", "blob:")):
                self.problems.append(f"request to another server: {request.url}")

        self.page.on("console", said)
        self.page.on("pageerror", lambda error: self.problems.append(f"page error: {error}"))
        self.page.on("request", asked)


def _serve_mock() -> Iterator[str]:
    spec = importlib.util.spec_from_file_location("yunqi_mock_shop", Path(__file__).with_name("mock_shop.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(module.create_app(), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listener.close()


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    url = os.environ.get("YUNQI_TEST_URL", "").rstrip("/")
    if url:
        yield Site(url, os.environ["YUNQI_TEST_KEY"], real=True)
    else:
        for address in _serve_mock():
            yield Site(address, "sk-mock-0123456789", real=False)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip(
            f"{CHROMIUM} is missing: "
            "apt-get install --no-install-recommends chromium fonts-dejavu-core fonts-wqy-microhei"
        )
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=[f"--{flag}" for flag in FLAGS])
        yield launched
        launched.close()


@pytest.fixture
def options() -> dict[str, object]:
    """What a test wants of its browser; a test module or a parameter may replace it."""
    return {}


@pytest.fixture
def visit(browser: Browser, site: Site, options: dict[str, object]) -> Iterator[Visit]:
    wanted = {"viewport": {"width": 1280, "height": 860}, "locale": "en-US", "color_scheme": "light", **options}
    context: BrowserContext = browser.new_context(**wanted)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    opened = Visit(page, site)
    opened.listen()
    yield opened
    context.close()
    assert opened.problems == []


@pytest.fixture(scope="session")
def shoot() -> object:
    """Writes a picture of the page into YUNQI_SCREENSHOTS, where that is set."""
    folder = os.environ.get("YUNQI_SCREENSHOTS")

    def take(page: Page, name: str) -> None:
        if not folder:
            return
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(250)
        file = Path(folder) / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=file)
        assert file.stat().st_size <= LARGEST, f"{file} has {file.stat().st_size} bytes"

    return take
