"""The light HTML that stands in a page before any script runs: for search engines and for browsers without scripts.

Everything that comes from a catalog is text and is escaped: a title may well be ``<script>``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from yunqi.console.model import CategoryPage, Link, ProductPage, ShopPage, SitemapEntry, category_path, product_path

HEAD = "<!--head-->"
BODY = "<!--body-->"
LONGEST = 300


def json_script(value: Mapping[str, object]) -> str:
    """JSON-LD as a data block that no text inside of it can end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/ld+json">{text}</script>'


def into(shell: str, *, title: str, head: str, body: str) -> str:
    """The bundle's page with its title, head and body filled."""
    start, end = shell.index("<title>"), shell.index("</title>")
    shell = f"{shell[:start]}<title>{escape(title)}{shell[end:]}"
    before, _, rest = shell.partition(HEAD)
    middle, _, after = rest.partition(BODY)
    return f"{before}{head}{middle}{body}{after}"


def head(*, canonical: str | None = None, description: str = "", indexed: bool = True, extra: str = "") -> str:
    """The tags of the head that differ from page to page."""
    tags = []
    if description:
        text = " ".join(description.split())
        short = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        tags.append(f'<meta name="description" content="{escape(short)}" />')
    if canonical:
        tags.append(f'<link rel="canonical" href="{escape(canonical)}" />')
    if not indexed:
        tags.append('<meta name="robots" content="noindex" />')
    return "".join(tags) + extra


def listing(heading: str, links: Sequence[Link]) -> str:
    """A headed list of links, or nothing."""
    if not links:
        return ""
    items = "".join(f'<li><a href="{escape(link.path)}">{escape(link.title)}</a></li>' for link in links)
    return f"<h2>{escape(heading)}</h2><ul>{items}</ul>"


def plain(parts: Iterable[str]) -> str:
    """The light page around its parts."""
    return f'<div class="plain-page">{"".join(parts)}</div>'


def crumbs(names: Sequence[str]) -> str:
    """The way from the front page down to a category."""
    steps = ['<a href="/store">Home</a>']
    for depth, name in enumerate(names, start=1):
        steps.append(f'<a href="{escape(category_path(" > ".join(names[:depth])))}">{escape(name)}</a>')
    return f"<p>{' / '.join(steps)}</p>"


def shop(shell: str, page: ShopPage, *, origin: str) -> str:
    """The front page."""
    body = [f"<h1>{escape(page.name)}</h1>", f"<p>{escape(page.description)}</p>" if page.description else ""]
    body += [listing("Departments", page.categories), listing("Products", page.products)]
    tags = head(canonical=f"{origin}/store", description=page.description)
    return into(shell, title=page.name, head=tags, body=plain(body))


def category(shell: str, page: CategoryPage, *, shop_name: str, origin: str) -> str:
    """The page of a category."""
    names = page.id.split(" > ")
    body = [crumbs(names[:-1]), f"<h1>{escape(names[-1])}</h1>"]
    body += [listing("Categories", page.children), listing("Products", page.products)]
    tags = head(
        canonical=origin + category_path(page.id),
        description=f"{' > '.join(names)}: products and prices at {shop_name}.",
    )
    return into(shell, title=f"{names[-1]} · {shop_name}", head=tags, body=plain(body))


def product(shell: str, page: ProductPage, *, shop_name: str, origin: str) -> str:
    """The page of a product, with its schema.org description."""
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in page.facts.items())
    body = [
        crumbs(page.category),
        f"<h1>{escape(page.title)}</h1>",
        "<p><small>Derived title: put together from category, type, brand and size.</small></p>"
        if page.title_derived
        else "",
        f"<p><strong>{escape(page.price)}</strong></p>" if page.price else "",
        f"<p>{'In stock' if page.available else 'Out of stock'}</p>",
        f"<p>{escape(page.description)}</p>" if page.description else "",
        f"<dl>{facts}</dl>" if facts else "",
        listing("Similar products", page.links),
    ]
    words = page.description or ", ".join([page.title, *page.facts.values(), *([page.price] if page.price else [])])
    extra = json_script(page.json_ld) if page.json_ld else ""
    tags = head(canonical=origin + product_path(page.id), description=words, extra=extra)
    return into(shell, title=f"{page.title} · {shop_name}", head=tags, body=plain(body))


def sitemap_index(origin: str, files: int) -> str:
    """The list of all sitemap files."""
    rows = "".join(
        f"<sitemap><loc>{escape(origin)}/sitemap-{number}.xml</loc></sitemap>" for number in range(1, files + 1)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</sitemapindex>\n'


def sitemap(origin: str, entries: Iterable[SitemapEntry]) -> str:
    """One sitemap file."""
    rows = []
    for entry in entries:
        updated = f"<lastmod>{entry.updated.date().isoformat()}</lastmod>" if entry.updated else ""
        rows.append(f"<url><loc>{escape(origin + entry.path)}</loc>{updated}</url>")
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
        f"{''.join(rows)}</urlset>\n"
    )
