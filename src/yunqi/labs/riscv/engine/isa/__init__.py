"""The instruction set: rows, formats, operations, decoding and disassembly."""
