"""Reads weights from files that anyone may have made: safetensors, GGUF, and what is packed within. Never a pickle."""
