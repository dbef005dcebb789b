"""M6: one transformer that reads patches and text together, with sparse experts, and writes text or picture codes.

`layouts` holds the published sizes with their counts (no PyTorch); `spec` describes one model; `routing` and `parts`
hold experts and layers; `network` the whole; `tasks` the six ways to train it; `training` a small run; `report` loads.
Sources: M6 (arXiv 2103.00823), M6-T (2105.15082: expert prototyping), M6-10T (2110.03888: pseudo-to-real).
"""
