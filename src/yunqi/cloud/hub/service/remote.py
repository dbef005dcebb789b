"""Brings a model file from an HF-compatible hub, when one is configured, answers, and has the very same bytes."""

import http.client
import logging
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from yunqi.cloud.hub.model import Asset
from yunqi.kernel.errors import Invalid

log = logging.getLogger("yunqi.hub")

_BROKEN = (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException)


class Remote:
    """An HF-compatible hub.

    Parameters
    ----------
    endpoint
        ``http`` or ``https`` address; files lie under ``<repository>/resolve/main/<file>``.
    timeout
        Seconds to wait for an answer.
    """

    def __init__(self, endpoint: str, *, timeout: float) -> None:
        if urllib.parse.urlsplit(endpoint).scheme not in ("http", "https"):
            raise Invalid(
                f"The hub address {endpoint!r} must begin with http:// or https://. Set YUNQI_HUB_ENDPOINT.",
                param="endpoint",
            )
        self._endpoint = endpoint.rstrip("/")
        self._timeout = timeout

    def offers(self, asset: Asset) -> bool:
        """Ask, without downloading, whether the hub has the file with the pinned size and, if it says so, digest."""
        request = urllib.request.Request(self._url(asset), method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as reply:
                headers = reply.headers
        except _BROKEN as error:
            log.info("hub %s does not offer %s: %s", self._endpoint, asset.id, error)
            return False
        size = headers.get("X-Linked-Size") or headers.get("Content-Length")
        tag = (headers.get("X-Linked-Etag") or "").strip('"')
        same = size == str(asset.size) and tag in ("", asset.sha256)
        if not same:
            log.info("hub %s has other bytes for %s (size %s, digest %s)", self._endpoint, asset.id, size, tag)
        return same

    @contextmanager
    def open(self, asset: Asset, *, start: int) -> Iterator[tuple[IO[bytes], int]]:
        """Open the file from byte ``start``; yields the stream and where it really begins.

        Raises
        ------
        OSError
            When the connection fails.
        """
        request = urllib.request.Request(self._url(asset))
        if start:
            request.add_header("Range", f"bytes={start}-")
        with urllib.request.urlopen(request, timeout=self._timeout) as reply:
            yield reply, start if reply.status == http.HTTPStatus.PARTIAL_CONTENT else 0

    def _url(self, asset: Asset) -> str:
        return (
            f"{self._endpoint}/{urllib.parse.quote(asset.repository)}/resolve/main/{urllib.parse.quote(asset.filename)}"
        )
