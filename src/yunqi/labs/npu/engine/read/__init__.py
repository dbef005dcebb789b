"""From an ONNX file to a graph with every shape known."""

from yunqi.labs.npu.engine.read.fusing import fuse
from yunqi.labs.npu.engine.read.reader import Limits, read_network

__all__ = ["Limits", "fuse", "read_network"]
