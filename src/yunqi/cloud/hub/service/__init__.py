"""The hub at work: the folder of installed assets, the sources of bytes, and the installer."""

from yunqi.cloud.hub.service.hub import Hub, Progress

__all__ = ["Hub", "Progress"]
