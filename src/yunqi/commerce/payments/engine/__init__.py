"""The arithmetic of the ledger."""

from yunqi.commerce.payments.engine.ledger import check_zero, sale

__all__ = ["check_zero", "sale"]
