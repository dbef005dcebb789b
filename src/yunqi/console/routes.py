"""The addresses of the pages: the bundle with its headers, and what search engines ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from yunqi.console import render
from yunqi.console.bundle import Asset, Bundle, etag_of, pack
from yunqi.console.model import CategoryPage, ProductPage, ShopPage, SitemapEntry

SITEMAP_SIZE = 50_000
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
HOST = re.compile(r"[A-Za-z0-9.-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?")
SHELLS = frozenset({"search", "basket", "checkout", "orders", "about"})


def security_headers(image_hosts: Sequence[str] = ()) -> dict[str, str]:
    """The headers every page carries.

    Parameters
    ----------
    image_hosts
        Sources of product pictures outside of this server, such as ``https://cdn.example.com``.
    """
    images = " ".join(["'self'", "data:", *image_hosts])
    policy = (
        f"default-src 'self'; img-src {images}; style-src 'self' 'unsafe-inline'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }


class Pages:
    """Answers requests for pages; what they show is asked of the callables it is given."""

    def __init__(
        self,
        bundle: Bundle,
        *,
        shop: Callable[[], ShopPage],
        product: Callable[[str], ProductPage | None],
        category: Callable[[str], CategoryPage | None],
        origin: str | None = None,
        image_hosts: Sequence[str] = (),
    ) -> None:
        self._bundle = bundle
        self._shop = shop
        self._product = product
        self._category = category
        self._origin = origin.rstrip("/") if origin else None
        self._headers = security_headers(image_hosts)

    def home(self, request: Request) -> Response:
        """The front page of the shop."""
        page = render.shop(self._bundle.page("index.html"), self._shop(), origin=self.origin(request))
        return self._html(request, page)

    def product(self, request: Request, product_id: str) -> Response:
        """The page of one product."""
        found = self._product(product_id)
        if found is None:
            return self._shell(request, status=404)
        origin = self.origin(request)
        page = render.product(self._bundle.page("index.html"), found, shop_name=self._shop().name, origin=origin)
        return self._html(request, page)

    def category(self, request: Request, category_id: str) -> Response:
        """The page of one category."""
        found = self._category(category_id)
        if found is None:
            return self._shell(request, status=404)
        origin = self.origin(request)
        page = render.category(self._bundle.page("index.html"), found, shop_name=self._shop().name, origin=origin)
        return self._html(request, page)

    def store(self, request: Request, rest: str) -> Response:
        """Any other page of the shop: the bundle alone, not for search engines."""
        return self._shell(request, status=200 if rest.split("/")[0] in SHELLS else 404)

    def console(self, request: Request, rest: str = "") -> Response:
        """Any page of the console."""
        page = render.into(self._bundle.page("console.html"), title="Console", head=render.head(indexed=False), body="")
        return self._html(request, page)

    def asset(self, request: Request, name: str) -> Response:
        """A file of the bundle whose name tells its content."""
        return self._file(request, self._bundle.asset(f"assets/{name}"), FOREVER)

    def named(self, request: Request) -> Response:
        """A file of the bundle with a fixed name."""
        return self._file(request, self._bundle.asset(request.url.path.lstrip("/")), ASK_AGAIN)

    def robots(self, request: Request) -> Response:
        """What crawlers may read, and where the sitemap is."""
        hidden = ("/console", "/v1/", "/store/basket", "/store/checkout", "/store/orders", "/store/search")
        lines = [
            "User-agent: *",
            *(f"Disallow: {path}" for path in hidden),
            f"Sitemap: {self.origin(request)}/sitemap.xml",
        ]
        return self.send(request, "\n".join(lines).encode() + b"\n", "text/plain; charset=utf-8")

    def origin(self, request: Request) -> str:
        """The configured address of the shop, or the one the request came to."""
        if self._origin:
            return self._origin
        host = request.headers.get("host", "")
        return f"{request.url.scheme}://{host if HOST.fullmatch(host) else 'localhost'}"

    def send(self, request: Request, body: bytes, media_type: str, *, status: int = 200) -> Response:
        """A reply made for this request, to be asked for again each time."""
        return self._file(
            request, Asset(body, pack(body, media_type), media_type, etag_of(body)), ASK_AGAIN, status=status
        )

    def _html(self, request: Request, page: str, *, status: int = 200) -> Response:
        return self.send(request, page.encode(), "text/html; charset=utf-8", status=status)

    def _shell(self, request: Request, *, status: int) -> Response:
        title, tags = self._shop().name, render.head(indexed=False)
        page = render.into(self._bundle.page("index.html"), title=title, head=tags, body="")
        return self._html(request, page, status=status)

    def _file(self, request: Request, asset: Asset | None, cache: str, *, status: int = 200) -> Response:
        if asset is None:
            return Response("Not found\n", 404, self._headers, "text/plain; charset=utf-8")
        headers = {**self._headers, "Cache-Control": cache, "ETag": asset.etag, "Vary": "Accept-Encoding"}
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
        if status == 200 and asset.etag in known:
            return Response(None, 304, headers)
        if asset.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.packed, status, {**headers, "Content-Encoding": "gzip"}, asset.media_type)
        return Response(asset.body, status, headers, asset.media_type)


def pages_router(
    *,
    shop: Callable[[], ShopPage],
    product: Callable[[str], ProductPage | None],
    category: Callable[[str], CategoryPage | None],
    sitemap: Callable[[int, int], Sequence[SitemapEntry]],
    sitemap_size: Callable[[], int],
    origin: str | None = None,
    image_hosts: Sequence[str] = (),
) -> APIRouter:
    """The routes of the storefront's and the console's pages.

    Parameters
    ----------
    shop
        What the front page shows without scripts.
    product
        The page of a product, or None where there is no such product.
    category
        The page of a category, or None where there is no such category.
    sitemap
        The entries of the sitemap from an offset, at most so many.
    sitemap_size
        How many entries the sitemap has.
    origin
        The public address of the shop, such as ``https://shop.example``; else the address of each request.
    image_hosts
        Sources of product pictures outside of this server, for the content security policy.

    Returns
    -------
    APIRouter
        To be included without a prefix, after the API's own routes.
    """
    pages = Pages(Bundle(), shop=shop, product=product, category=category, origin=origin, image_hosts=image_hosts)
    router = APIRouter(include_in_schema=False)

    def root() -> Response:
        return RedirectResponse("/store", 302)

    def sitemap_index(request: Request) -> Response:
        count = max(1, -(-sitemap_size() // SITEMAP_SIZE))
        return pages.send(request, render.sitemap_index(pages.origin(request), count).encode(), "application/xml")

    def sitemap_file(request: Request, number: int) -> Response:
        entries = sitemap((number - 1) * SITEMAP_SIZE, SITEMAP_SIZE) if number >= 1 else ()
        body = render.sitemap(pages.origin(request), entries).encode()
        return pages.send(request, body, "application/xml", status=200 if entries else 404)

    routes: list[tuple[str, Callable[..., Response]]] = [
        ("/", root),
        ("/assets/{name}", pages.asset),
        ("/boot.js", pages.named),
        ("/favicon.svg", pages.named),
        ("/licences.txt", pages.named),
        ("/robots.txt", pages.robots),
        ("/sitemap.xml", sitemap_index),
        ("/sitemap-{number}.xml", sitemap_file),
        ("/store", pages.home),
        ("/store/", pages.home),
        ("/store/p/{product_id:path}", pages.product),
        ("/store/c/{category_id:path}", pages.category),
        ("/store/{rest:path}", pages.store),
        ("/console", pages.console),
        ("/console/{rest:path}", pages.console),
    ]
    for path, answer in routes:
        router.add_api_route(path, answer, methods=["GET", "HEAD"], response_class=Response, response_model=None)
    return router
