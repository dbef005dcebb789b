"""How long a program takes: a model of the core's structure, driven by the trace of the interpreter."""
