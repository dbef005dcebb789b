"""What domains there are: their settings, tables, services, routes, commands and jobs. One line each."""

from typing import Any

from yunqi.commerce import activity, catalog, payments
from yunqi.kernel import Kernel, KernelConfig
from yunqi.kernel.store import Migration

SECTIONS: dict[str, type] = {
    "kernel": KernelConfig,
    "catalog": catalog.CatalogConfig,
    "activity": activity.ActivityConfig,
    "payments": payments.PaymentsConfig,
}


def migrations() -> list[Migration]:
    """Return every domain's migrations."""
    return [*catalog.MIGRATIONS, *payments.MIGRATIONS]


class Domains:
    pass
