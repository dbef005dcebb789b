"""Executing a quantised program in the chip's integer arithmetic, bit for bit."""

from yunqi.labs.npu.engine.integer.executor import Executor, run_program

__all__ = ["Executor", "run_program"]
