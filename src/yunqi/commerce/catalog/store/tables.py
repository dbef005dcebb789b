"""The catalog's tables.

A product is kept as versions: a row is in force from generation ``since`` up to, not including, ``until``. The live
catalog is the rows in force at the live generation, so staged rows cannot be seen and publishing is one small write.
"""

import sqlalchemy as sa

from yunqi.kernel.store import ID, JSON_TEXT, NAME, TEXT, TIME, Migration, create, metadata

FOREVER = 2**62
"""``until`` of a version that nothing has replaced."""

generations = sa.Table(
    "catalog_generations",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("live", ID, nullable=False),
    sa.Column("published_at", TIME, nullable=False),
)

numbers = sa.Table(
    "catalog_numbers",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("product_id", NAME, primary_key=True),
    sa.Column("number", ID, nullable=False),
    sa.Index("catalog_numbers_number", "workspace", "number", unique=True),
    sqlite_with_rowid=False,
)
"""Product id to dense number: only ever appended to."""

products = sa.Table(
    "catalog_products",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("number", ID, primary_key=True, autoincrement=False),
    sa.Column("since", ID, primary_key=True, autoincrement=False),
    sa.Column("until", ID, nullable=False),
    sa.Column("product_id", NAME, nullable=False),
    sa.Column("digest", sa.String(32), nullable=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("title", TEXT, nullable=False),
    sa.Column("brand", NAME, nullable=False),
    sa.Column("price_minor", ID, nullable=True),
    sa.Column("sale_minor", ID, nullable=True),
    sa.Column("quantity", ID, nullable=True),
    sa.Column("document", JSON_TEXT, nullable=False),
    sa.Index("catalog_products_since", "workspace", "since"),
    sa.Index("catalog_products_until", "workspace", "until"),
)

prices = sa.Table(
    "catalog_prices",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("number", ID, primary_key=True, autoincrement=False),
    sa.Column("generation", ID, primary_key=True, autoincrement=False),
    sa.Column("at", TIME, nullable=False),
    sa.Column("price_minor", ID, nullable=True),
    sa.Column("sale_minor", ID, nullable=True),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Index("catalog_prices_generation", "workspace", "generation"),
    sqlite_with_rowid=False,
)

stock = sa.Table(
    "catalog_stock",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("number", ID, primary_key=True, autoincrement=False),
    sa.Column("generation", ID, primary_key=True, autoincrement=False),
    sa.Column("remaining", ID, nullable=True),
    sa.Index("catalog_stock_generation", "workspace", "generation"),
    sqlite_with_rowid=False,
)
"""What is left of what a feed said; the newest generation that is live counts. NULL: not counted any more."""

reservations = sa.Table(
    "catalog_reservations",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("key", NAME, primary_key=True),
    sa.Column("number", ID, primary_key=True, autoincrement=False),
    sa.Column("quantity", ID, nullable=False),
    sa.Column("generation", ID, nullable=True),
    sa.Column("at", TIME, nullable=False),
)

promotions = sa.Table(
    "catalog_promotions",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("promotion_id", NAME, primary_key=True),
    sa.Column("digest", sa.String(32), nullable=False),
    sa.Column("title", TEXT, nullable=False),
    sa.Column("starts", TIME, nullable=False),
    sa.Column("ends", TIME, nullable=False),
    sa.Column("coupon_code", NAME, nullable=False),
)

promotion_products = sa.Table(
    "catalog_promotion_products",
    metadata,
    sa.Column("workspace", NAME, primary_key=True),
    sa.Column("product_id", NAME, primary_key=True),
    sa.Column("promotion_id", NAME, primary_key=True),
    sa.Index("catalog_promotion_products_promotion", "workspace", "promotion_id"),
    sqlite_with_rowid=False,
)

imports = sa.Table(
    "catalog_imports",
    metadata,
    sa.Column("id", ID, primary_key=True, autoincrement=False),
    sa.Column("workspace", NAME, nullable=False),
    sa.Column("kind", NAME, nullable=False),
    sa.Column("file", TEXT, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("state", NAME, nullable=False),
    sa.Column("generation", ID, nullable=False),
    sa.Column("rows", ID, nullable=False),
    sa.Column("added", ID, nullable=False),
    sa.Column("updated", ID, nullable=False),
    sa.Column("unchanged", ID, nullable=False),
    sa.Column("retired", ID, nullable=False),
    sa.Column("rejected", ID, nullable=False),
    sa.Column("owner", NAME, nullable=False),
    sa.Column("lease_until", TIME, nullable=False),
    sa.Column("started_at", TIME, nullable=False),
    sa.Column("finished_at", TIME, nullable=True),
    sa.Column("message", TEXT, nullable=False),
    sa.Index("catalog_imports_state", "workspace", "kind", "state"),
)

import_errors = sa.Table(
    "catalog_import_errors",
    metadata,
    sa.Column("import_id", ID, primary_key=True, autoincrement=False),
    sa.Column("position", ID, primary_key=True, autoincrement=False),
    sa.Column("line", ID, nullable=False),
    sa.Column("column", NAME, nullable=False),
    sa.Column("message", TEXT, nullable=False),
    sa.Column("value", TEXT, nullable=False),
    sa.Column("warning", ID, nullable=False),
)

TABLES = (
    generations,
    numbers,
    products,
    prices,
    stock,
    reservations,
    promotions,
    promotion_products,
    imports,
    import_errors,
)

MIGRATIONS = (Migration("catalog", 1, "products, prices, stock, promotions, imports", create(*TABLES)),)
