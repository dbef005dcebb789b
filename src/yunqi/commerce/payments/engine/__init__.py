"""The arithmetic of the ledger."""

from yunqi.commerce.payments.engine.ledger import Balance, check_zero, sale

__all__ = ["Balance", "check_zero", "sale"]
