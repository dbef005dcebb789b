"""Every bad input that a feed can be: a clear message, and nothing half-written."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from yunqi.commerce.catalog import Bounds, Catalog, CatalogConfig, FeedRefused, Row, RowError, read_rows, unpack
from yunqi.commerce.catalog.engine.products import ProductReader
from yunqi.kernel import Invalid, Kernel

HEAD = "id,title,price\n"
GOOD = "1,Milk,1.00 USD\n"
Write = Callable[..., Path]


def zipped(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"id": ["1"], "title": ["Milk"], "price": ["1.00 USD"]}), buffer)
    return buffer.getvalue()


def parquet_bomb(rows: int, text: str, codec: str = "zstd", *, repeated: bool = True) -> bytes:
    buffer = io.BytesIO()
    titles = pa.array([text] * rows)
    table = pa.table({"id": ["1"] * rows, "title": titles})
    pq.write_table(table, buffer, compression=codec, use_dictionary=repeated)
    return buffer.getvalue()


WHOLE = (HEAD + GOOD).encode()
FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is empty"),
    "only a header": (lambda: HEAD.encode(), "has no rows"),
    "no id column": (lambda: b"sku,title\n1,Milk\n", "no column 'id'"),
    "a column twice": (lambda: b"id,title,ID\n1,Milk,2\n", "column 'id' twice"),
    "not UTF-8": (lambda: WHOLE + b"2,Caf\xe9,1.00 USD\n", "Line 3 is not UTF-8: byte 0xe9 at offset 36"),
    "UTF-16": (lambda: (HEAD + GOOD).encode("utf-16"), "is UTF-16"),
    "cut in a quoted field": (lambda: (HEAD + '1,"Mil').encode(), "ends inside of a quoted field begun on line 2"),
    "cut in a row": (lambda: (HEAD + GOOD + "2,Bre").encode(), "Line 3, the last, has 2 of 3 fields"),
    "cut JSONL": (lambda: b'{"id":"1","title":"Milk"}\n{"id":"2","ti', "Line 2, the last, is not whole"),
    "a JSON array": (lambda: b'[{"id":"1"}]', "one JSON array"),
    "cut gzip": (lambda: gzip.compress(WHOLE * 50)[:-20], "cut off or damaged"),
    "broken gzip": (lambda: b"\x1f\x8b" + b"\x00" * 50, "cut off or damaged"),
    "cut zip": (lambda: zipped(("a.csv", WHOLE))[:-30], "damaged zip"),
    "two files in a zip": (lambda: zipped(("a.csv", WHOLE), ("b.csv", WHOLE)), "holds 2 files"),
    "a zip in a zip": (lambda: zipped(("a.zip", zipped(("a.csv", WHOLE)))), "holds another archive"),
    "gzip bomb": (lambda: gzip.compress(HEAD.encode()) + gzip.compress(b"x" * 999_999 + b"\n") * 300, "zip bomb"),
    "zip bomb": (lambda: zipped(("a.csv", HEAD.encode() + (b"x" * 999_999 + b"\n") * 300)), "zip bomb"),
    "only blank lines": (lambda: HEAD.encode() + b"\n" * 1_000_000, "are blank"),
    "cut Parquet": (lambda: parquet()[:-10], "Parquet file is cut off or damaged"),
    "Parquet bomb": (lambda: parquet_bomb(60, "x" * 1_000_000, repeated=False), "as a bomb does"),
    "Parquet of rows": (lambda: parquet_bomb(3_000_000, "x"), "more rows than it has bytes"),
    "Parquet of a repeated text": (lambda: parquet_bomb(10, "x" * 11_000_000), "10 of 10 rows were rejected"),
    "Parquet in gzip": (lambda: gzip.compress(parquet()), "compresses itself"),
    "a wrong suffix": (lambda: b"id,title\n1,Milk\n", "called .jsonl"),
    "a line of 50 MB": (lambda: b"id,title\n1," + b"x" * 50_000_000, "Line 2 is longer than"),
    "binary": (lambda: bytes(range(1, 256)) * 20, "UTF-8|header"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_broken_file_is_refused_with_its_reason_and_publishes_nothing(
    kernel: Kernel, catalog: Catalog, write: Write, case: str
) -> None:
    catalog.import_products(write(HEAD + "1,Old,5.00 USD\n", "old.csv"))
    head = kernel.events.head()
    content, message = FILES[case]
    path = write(content(), "feed.jsonl" if case == "a wrong suffix" else "feed.csv")
    with pytest.raises(FeedRefused, match=message):
        catalog.import_products(path)
    assert kernel.events.head() == head
    assert catalog.product("1").title == "Old"
    assert catalog.generation() == 1
    assert catalog.imports.list()[0].state.value == "failed"


ROWS = {
    "negative price": ("2,Bread,-1.00 USD", "price", "negative"),
    "another currency": ("2,Bread,1.00 EUR", "price", "in EUR; the shop sells in USD"),
    "no currency": ("2,Bread,1.00", "price", "Write it as '1.49 USD'"),
    "an unknown currency": ("2,Bread,1.00 ZZZ", "price", "not an ISO 4217"),
    "half a cent": ("2,Bread,1.005 USD", "price", "more than the 2 decimals"),
    "a repeated id": ("1,Bread,1.00 USD", "id", "The id is on line 2 already"),
    "no id": (",Bread,1.00 USD", "id", "The id is missing"),
    "no title": ("2, ,1.00 USD", "title", "The title is missing"),
    "a long id": (f"{'2' * 200},Bread,1.00 USD", "id", "more than 190 characters"),
    "a long title": (f"2,{'x' * 3000},1.00 USD", "title", "more than 2000 characters"),
    "a 10 MB field": (f"2,{'x' * 10_000_001},1.00 USD", "title", "longer than 10,000,000 bytes"),
    "a NUL": ("2,Br\x00ead,1.00 USD", "title", "control character"),
    "too few fields": ("2,Bread", "", "has 2 fields, the header has 3"),
    "too many fields": ("2,Bread,1.00 USD,4", "", "has 4 fields"),
    "stray quotes": ('2,"Bread" white,1.00 USD', "", "not valid CSV"),
}


@pytest.mark.parametrize("case", ROWS)
def test_a_bad_row_lands_in_the_report_with_its_line_and_the_others_are_published(
    catalog: Catalog, write: Write, case: str
) -> None:
    row, column, message = ROWS[case]
    good = "".join(f"{i},Good {i},1.00 USD\n" for i in range(100, 120))
    report = catalog.import_products(write(HEAD + GOOD + row + "\n" + good))
    assert (report.added, report.rejected, len(report.errors)) == (21, 1, 1)
    error = report.errors[0]
    assert (error.line, error.column) == (3, column)
    assert message in error.message
    assert len(error.value) <= 200


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("availability", "maybe", "Not one of in_stock"),
        ("gtin", "123", "8, 12, 13 or 14 digits"),
        ("quantity", "-1", "whole number"),
        ("quantity", "1.5", "whole number"),
        ("link", "javascript:alert(1)", "https:// or http://"),
        ("image_link", "data:text/html,x", "https:// or http://"),
        ("sale_price", "2.00 USD", "above the price"),
        ("sale_price_effective_date", "soon", "ISO 8601"),
        ("sale_price_effective_date", "2026-02-01T00:00Z/2026-01-01T00:00Z", "ends before it begins"),
        ("title_derived", "perhaps", "true or false"),
    ],
)
def test_a_wrong_value_is_named_by_its_column(column: str, value: str, message: str) -> None:
    row = Row(7, {"id": "1", "title": "Milk", "price": "1.00 USD", column: value})
    found = ProductReader("USD", 1000).read(row)
    assert isinstance(found, RowError)
    assert (found.line, found.column, found.value) == (7, column, value)
    assert message in found.message


def test_sql_and_html_in_titles_are_kept_as_text(catalog: Catalog, write: Write) -> None:
    titles = ["Robert'); DROP TABLE catalog_products;--", "<script>alert(1)</script>", "100% _wild_ \\ milk", "牛奶 🥛"]
    rows = "".join(json.dumps({"id": str(i), "title": t}, ensure_ascii=False) + "\n" for i, t in enumerate(titles))
    catalog.import_products(write(rows, "feed.jsonl"))
    assert [p.title for p in catalog.page("").items] == titles
    assert catalog.page("DROP TABLE").total == 1
    assert catalog.page("100%").total == 1
    assert catalog.page("_wild_").total == 1
    assert catalog.page("%").total == 1
    assert catalog.page("牛奶").total == 1
    assert catalog.json_ld(catalog.product("1"))["name"] == titles[1]


def test_what_is_no_file_is_wrong_use(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="There is no file"):
        catalog.import_products(tmp_path / "nothing.csv")
    with pytest.raises(Invalid, match="is a folder"):
        catalog.import_products(tmp_path)
    assert catalog.imports.list() == []


def test_formats_give_the_same_products(catalog: Catalog, write: Write) -> None:
    csv = "\ufeffid,title,price\r\n1,Milk,1.00 USD\r\n"
    jsonl = b'{"id":1,"title":"Milk","price":"1.00 USD","brand":null}\n'
    files = [
        write(csv, "a.csv"),
        write(jsonl, "b.jsonl"),
        write(parquet(), "c.parquet"),
        write(gzip.compress(WHOLE), "d.csv.gz"),
    ]
    files.append(write("id;title;price\n1;Milk;1,00 USD\n", "european.csv"))
    files.append(write(zipped(("__MACOSX/x", b""), ("e.csv", WHOLE)), "e.zip"))
    catalog.import_products(files[0])
    for path in files[1:]:
        report = catalog.import_products(path)
        assert (report.unchanged, report.rejected) == (1, 0), path.name


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_and_nothing_else_happens(data: bytes) -> None:
    bounds = Bounds(10_000_000, 200, 10_000)
    reader = ProductReader("USD", 10_000)
    try:
        opened = unpack(io.BytesIO(data), "feed.csv", len(data), bounds)
        found = [reader.read(row) if isinstance(row, Row) else row for row in read_rows(opened, bounds)]
    except FeedRefused:
        return
    assert all(item is not None for item in found)


VALUES = st.one_of(
    st.none(), st.text(max_size=30), st.integers(), st.floats(), st.booleans(), st.lists(st.text(max_size=5))
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(["id", "title", "price", "quantity", "link", "availability", "x"]), VALUES))
def test_any_values_are_a_product_or_a_named_error(values: dict[str, object]) -> None:
    found = ProductReader("USD", 10_000).read(Row(3, values))
    if isinstance(found, RowError):
        assert found.message
        assert found.line == 3
        assert len(found.value) <= 200
    else:
        assert found.id
        assert found.title
        assert found.price is None or found.price.amount_minor >= 0


def test_a_smaller_bound_is_obeyed(kernel: Kernel, write: Write) -> None:
    catalog = Catalog(kernel, CatalogConfig(file_bytes=1000))
    with pytest.raises(FeedRefused, match="more than 1,000 bytes"):
        catalog.import_products(write(WHOLE * 100))
