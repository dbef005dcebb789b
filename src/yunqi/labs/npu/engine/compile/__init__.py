"""From a graph to a program: engines, fused layers, segments, memory, instructions, text and image."""

from yunqi.labs.npu.engine.compile.assembler import assemble, disassemble, from_text, to_text
from yunqi.labs.npu.engine.compile.compiler import compile_network
from yunqi.labs.npu.engine.compile.lowering import lower

__all__ = ["assemble", "compile_network", "disassemble", "from_text", "lower", "to_text"]
