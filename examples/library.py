"""A shop in a few lines, without a server.

Prints::

    Whole milk 1.49 USD
    Skimmed milk 1.39 USD
"""

from pathlib import Path
from tempfile import mkdtemp

import yunqi

with yunqi.open_shop(mkdtemp()) as shop:
    shop.catalog.import_products(Path(__file__).parent / "feed.csv")
    shop.search.rebuild()
    for card in shop.search.find("milk").answer.items:
        print(card.title, card.price)
