"""The algorithms: reading, quantising, compiling, executing, timing, load generation. Pure: no kernel, no clock."""
