"""Networks of eight-bit integers as programs for the core: read, checked against a reference, written as C."""
