"""Fill a basket, buy it with a test card, and look at the books.

Prints::

    paid 10.97 USD
    receivable:test 1097
    revenue:sales -1097
"""

from pathlib import Path
from tempfile import mkdtemp

import yunqi
from yunqi.commerce.catalog import Money
from yunqi.commerce.payments import Customer

with yunqi.open_shop(mkdtemp()) as shop:
    shop.catalog.import_products(Path(__file__).parent / "feed.csv")
    shop.payments.set_quantity("ann", "1006", quantity=1)
    shop.payments.set_quantity("ann", "1001", quantity=2)
    customer = Customer(email="ann@example.com", name="Ann", address="Road 1")
    order = shop.payments.checkout("ann", customer=customer, token="tok_visa", key="first-order")
    print(order.status.value, Money(order.total_minor, order.currency))
    for balance in shop.payments.balances():
        print(balance.account, balance.amount_minor)
