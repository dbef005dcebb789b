"""The chips that are known: one commented parameter file each."""

from yunqi.labs.npu.engine.chips.loading import (
    CHIPS,
    chip_document,
    chip_from_document,
    chip_from_toml,
    load_chip,
    vary,
)

__all__ = ["CHIPS", "chip_document", "chip_from_document", "chip_from_toml", "load_chip", "vary"]
