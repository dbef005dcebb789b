"""Yunqi: the AI stack of a marketplace as one package.

>>> import yunqi
>>> from tempfile import mkdtemp
>>> with yunqi.open_shop(mkdtemp()) as shop:
...     shop.search.find("milk").total
0
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yunqi.app.application import App, open_shop

__all__ = ["App", "open_shop"]

# OpenVINO reports every import to its makers, by a process that outlives ours and holds its pipes open. Nothing here
# calls home: without this module OpenVINO reports nothing.
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from yunqi.app import application

        return getattr(application, name)
    raise AttributeError(f"module 'yunqi' has no attribute {name!r}")
