"""The HTTP edge: request ids, keys, errors, metrics, and every domain's routes under one origin."""

from yunqi.app.http.server import create

__all__ = ["create"]
