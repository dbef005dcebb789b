"""The lab's verbs."""

from yunqi.labs.riscv.service.riscv import Riscv

__all__ = ["Riscv"]
