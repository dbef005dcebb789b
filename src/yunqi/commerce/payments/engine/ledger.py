"""Double entry: every transaction's postings sum to zero in each currency."""

from collections import defaultdict
from collections.abc import Iterable

from yunqi.commerce.payments.model import Posting
from yunqi.kernel.errors import Invalid


def sale(provider: str, total_minor: int, currency: str) -> tuple[Posting, ...]:
    """Return the postings of a paid order: the provider owes us what we sold."""
    return (Posting(f"receivable:{provider}", total_minor, currency), Posting("revenue:sales", -total_minor, currency))


def check_zero(postings: Iterable[Posting]) -> None:
    """Raise `Invalid` unless the postings sum to zero in each currency."""
    sums: dict[str, int] = defaultdict(int)
    for posting in postings:
        sums[posting.currency] += posting.amount_minor
    wrong = {currency: amount for currency, amount in sums.items() if amount}
    if wrong:
        raise Invalid(f"A ledger transaction must sum to zero; this one leaves {wrong}.")
