"""Model assets: where weights come from, under which licence, and that they are the bytes that were promised.

>>> from pathlib import Path
>>> from tempfile import mkdtemp
>>> from yunqi.cloud.hub import Hub, HubConfig
>>> from yunqi.kernel import Kernel, KernelConfig
>>> with Kernel.open(KernelConfig(data_dir=Path(mkdtemp()))) as kernel:
...     for listing in Hub(kernel, HubConfig()).list():
...         print(listing.asset.id, listing.asset.licence, listing.state.value)
qwen2.5-coder-0.5b-instruct Apache-2.0 missing
smollm2-135m-instruct Apache-2.0 missing
"""

from yunqi.cloud.hub.config import HubConfig
from yunqi.cloud.hub.engine.gguf import GgufEntry, GgufListing, read_gguf
from yunqi.cloud.hub.model import (
    Asset,
    AssetDamaged,
    AssetInstalled,
    AssetMissing,
    AssetState,
    AssetUnknown,
    AssetUnreachable,
    DiskFull,
    Installed,
    InstallRunning,
    Listing,
    Part,
)
from yunqi.cloud.hub.service import Hub, Progress

__all__ = [
    "Asset",
    "AssetDamaged",
    "AssetInstalled",
    "AssetMissing",
    "AssetState",
    "AssetUnknown",
    "AssetUnreachable",
    "DiskFull",
    "GgufEntry",
    "GgufListing",
    "Hub",
    "HubConfig",
    "InstallRunning",
    "Installed",
    "Listing",
    "Part",
    "Progress",
    "read_gguf",
]
