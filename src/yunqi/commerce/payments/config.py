"""Settings of payments."""

from dataclasses import dataclass

from yunqi.kernel import setting


@dataclass(frozen=True, slots=True)
class PaymentsConfig:
    """Which provider takes the money."""

    provider: str = setting(
        "test", "Payment provider. Only `test` is built in: it moves no money and knows test tokens."
    )
    settle_after: float = setting(
        30.0, "Seconds after which an order whose payment answer never arrived is settled again with the provider."
    )
