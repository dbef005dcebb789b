import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from yunqi.console import (
    CategoryPage,
    Link,
    ProductPage,
    ShopPage,
    SitemapEntry,
    category_path,
    pages_router,
    product_path,
)

EVIL = "</title><script>alert(1)</script> \"quoted\" 'single' & <!--body-->"
PRODUCTS = {
    "25671": ProductPage(
        "25671",
        "Crushed ice, 22 LB",
        title_derived=True,
        category=("Grocery", "Frozen ice"),
        price="$1.49",
        available=True,
        facts={"Size": "22 LB"},
        json_ld={"@context": "https://schema.org", "@type": "Product", "name": "Crushed ice, 22 LB"},
        links=(Link("Cubed ice", product_path("25672")),),
    ),
    "evil": ProductPage(
        "evil",
        EVIL,
        description=EVIL,
        facts={EVIL: EVIL},
        json_ld={"name": EVIL},
        links=(Link(EVIL, product_path(EVIL)),),
    ),
}
CATEGORY = "Grocery > Cookies/Cones"


def client(*, origin: str | None = "https://shop.example", entries: int = 120_001) -> TestClient:
    def sitemap(offset: int, limit: int) -> Sequence[SitemapEntry]:
        numbers = range(offset, min(entries, offset + limit))
        return [SitemapEntry(product_path(str(n)), datetime(2026, 11, 23, tzinfo=UTC)) for n in numbers]

    app = FastAPI()
    app.include_router(
        pages_router(
            shop=lambda: ShopPage("Yunqi <Market>", "Good things", (Link("Grocery", category_path("Grocery")),)),
            product=PRODUCTS.get,
            category=lambda name: CategoryPage(name) if name == CATEGORY else None,
            sitemap=sitemap,
            sitemap_size=lambda: entries,
            origin=origin,
        )
    )
    return TestClient(app, follow_redirects=False)


@pytest.fixture(scope="module")
def web() -> TestClient:
    return client()


def test_the_root_leads_to_the_shop(web: TestClient):
    reply = web.get("/")
    assert (reply.status_code, reply.headers["location"]) == (302, "/store")


def test_a_product_page_tells_search_engines_what_it_sells(web: TestClient):
    reply = web.get("/store/p/25671")
    assert reply.status_code == 200
    assert "<title>Crushed ice, 22 LB · Yunqi &lt;Market&gt;</title>" in reply.text
    assert '<link rel="canonical" href="https://shop.example/store/p/25671" />' in reply.text
    assert '<meta name="description" content="Crushed ice, 22 LB, 22 LB, $1.49" />' in reply.text
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', reply.text)
    assert block is not None
    assert json.loads(block[1]) == PRODUCTS["25671"].json_ld
    root = reply.text[reply.text.index('<div id="root">') :]
    for part in (
        "<h1>Crushed ice, 22 LB</h1>",
        "Derived title",
        "$1.49",
        "In stock",
        'href="/store/p/25672"',
        "/store/c/Grocery%20%3E%20Frozen%20ice",
    ):
        assert part in root


def test_text_of_a_catalog_never_becomes_markup(web: TestClient):
    text = web.get("/store/p/evil").text
    assert "<script>alert" not in text
    assert "alert(1)</script>" not in text
    assert text.count("<title>") == text.count("</title>") == 1
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', text)
    assert block is not None
    assert json.loads(block[1]) == {"name": EVIL}
    assert "<" not in block[1]


def test_unknown_products_and_pages_are_not_found_but_show_the_shop(web: TestClient):
    for path in ("/store/p/nothing", "/store/c/Nothing", "/store/nothing/here"):
        reply = web.get(path)
        assert (reply.status_code, '<div id="root">' in reply.text, 'content="noindex"' in reply.text) == (
            404,
            True,
            True,
        ), path


def test_a_category_may_have_a_slash_in_its_name(web: TestClient):
    reply = web.get(category_path(CATEGORY))
    assert reply.status_code == 200
    assert "<h1>Cookies/Cones</h1>" in reply.text


@pytest.mark.parametrize(
    "path",
    [
        "/store/search?q=milk",
        "/store/basket",
        "/store/checkout",
        "/store/orders/abc",
        "/store/about",
        "/console",
        "/console/jobs",
    ],
)
def test_private_pages_are_served_and_not_indexed(web: TestClient, path: str):
    reply = web.get(path)
    assert reply.status_code == 200
    assert '<meta name="robots" content="noindex" />' in reply.text


@pytest.mark.parametrize(
    "path", ["/store", "/console", "/store/p/25671", "/store/nothing", "/robots.txt", "/boot.js", "/assets/nothing.js"]
)
def test_every_page_has_the_security_headers(web: TestClient, path: str):
    headers = web.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'" in policy
    assert "frame-ancestors 'none'" in policy
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


def test_the_pages_have_no_inline_scripts(web: TestClient):
    for path in ("/store", "/console", "/store/p/25671"):
        scripts = re.findall(r"<script(?![^>]*application/ld\+json)([^>]*)>", web.get(path).text)
        assert len(scripts) == 2
        assert all("src=" in attributes for attributes in scripts)


def test_hashed_files_are_kept_for_ever_and_pages_are_asked_for_again(web: TestClient):
    page = web.get("/store")
    assert page.headers["cache-control"] == "no-cache"
    name = re.findall(r'src="(/assets/store-[^"]+\.js)"', page.text)[0]
    script = web.get(name)
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    for reply in (page, script):
        again = web.get(reply.request.url.path, headers={"If-None-Match": f'"other", W/{reply.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")


def test_files_are_packed_only_for_those_who_can_unpack(web: TestClient):
    name = re.findall(r'href="(/assets/store-[^"]+\.css)"', web.get("/store").text)[0]
    packed = web.get(name, headers={"Accept-Encoding": "gzip"})
    plain = web.get(name, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    assert web.head(name).headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize("name", ["..%2f__init__.py", "%2e%2e/index.html", "store.css"])
def test_no_other_file_can_be_asked_for(web: TestClient, name: str):
    assert web.get(f"/assets/{name}").status_code == 404


def test_the_sitemap_is_cut_into_files_of_fifty_thousand(web: TestClient):
    assert "Sitemap: https://shop.example/sitemap.xml" in web.get("/robots.txt").text
    assert re.findall(r"<loc>(.*?)</loc>", web.get("/sitemap.xml").text) == [
        f"https://shop.example/sitemap-{n}.xml" for n in (1, 2, 3)
    ]
    assert [web.get(f"/sitemap-{n}.xml").text.count("<url>") for n in (1, 2, 3, 4)] == [50_000, 50_000, 20_001, 0]
    assert web.get("/sitemap-4.xml").status_code == 404
    assert "<loc>https://shop.example/store/p/0</loc><lastmod>2026-11-23</lastmod>" in web.get("/sitemap-1.xml").text


def test_the_address_of_the_request_is_used_only_where_it_is_one():
    web = client(origin=None)
    assert 'href="http://shop.test:8000/store"' in web.get("/store", headers={"Host": "shop.test:8000"}).text
    assert 'href="http://localhost/store"' in web.get("/store", headers={"Host": 'x"><script>'}).text
