"""The tables of logistics: plans, nomenclatures and the decisions about them."""

from yunqi.commerce.logistics.store import customs, plans
from yunqi.commerce.logistics.store.customs import CustomsStore
from yunqi.commerce.logistics.store.plans import PlanStore
from yunqi.kernel.store import Migration

MIGRATIONS: tuple[Migration, ...] = (*plans.MIGRATIONS, *customs.MIGRATIONS)

__all__ = ["MIGRATIONS", "CustomsStore", "PlanStore"]
