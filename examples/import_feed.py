"""Import a feed twice, change a price, send a short feed, send a broken one.

Prints::

    first: 8 added
    again: 8 unchanged, generation 1
    price: 1 updated, history ['1.49 USD', '1.29 USD']
    short: 0 retired, 8 products live
    broken: nothing published, 8 products live
"""

import csv
import sys
import tempfile
from pathlib import Path

import yunqi
from yunqi.commerce.catalog import FeedRefused

FEED = Path(__file__).with_name("feed.csv")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, yunqi.open_shop(folder) as shop:
        catalog = shop.catalog
        print(f"first: {catalog.import_products(FEED).added} added")
        again = catalog.import_products(FEED)
        print(f"again: {again.unchanged} unchanged, generation {again.generation}")

        with FEED.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        rows[0]["price"] = "1.29 USD"
        changed = catalog.import_products(_write(Path(folder) / "changed.csv", rows))
        history = [str(point.price) for point in catalog.history(rows[0]["id"])]
        print(f"price: {changed.updated} updated, history {history}")

        short = catalog.import_products(_write(Path(folder) / "short.csv", rows[:2]))
        print(f"short: {short.retired} retired, {catalog.page().total} products live")
        print(short.message, file=sys.stderr)

        broken = Path(folder) / "broken.csv"
        broken.write_bytes(FEED.read_bytes()[:-20])
        try:
            catalog.import_products(broken)
        except FeedRefused as refused:
            print(f"broken: nothing published, {catalog.page().total} products live")
            print(refused.message, file=sys.stderr)


def _write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


if __name__ == "__main__":
    main()
