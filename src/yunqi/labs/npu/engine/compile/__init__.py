"""From a graph to a program: engines, fused layers, segments, memory, splits."""

from yunqi.labs.npu.engine.compile.compiler import compile_network

__all__ = ["compile_network"]
