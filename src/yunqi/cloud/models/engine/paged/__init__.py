"""Serving over a paged cache: a decoder as an OpenVINO graph, who runs in each step, and which token comes next."""
