"""Pure parts of the hub: the register of known assets and the GGUF header reader."""
