"""The machine, the timing model, and what they run: no kernel, no clock, no network."""
