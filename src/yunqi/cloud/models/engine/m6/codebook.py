"""Discrete codes for patches: k-means. (The paper's codes come from a trained VQGAN; none is public with M6.)"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def patches_of(picture: NDArray[np.uint8], size: int) -> Floats:
    """Return the patches of a picture [height, width, 3] as rows [patches, size * size * 3] in -1 to 1."""
    high, wide = picture.shape[0] // size, picture.shape[1] // size
    cut = picture[: high * size, : wide * size].reshape(high, size, wide, size, 3).transpose(0, 2, 1, 3, 4)
    found: Floats = cut.reshape(high * wide, -1).astype(np.float32) / 127.5 - 1.0
    return found


def codebook(patches: Floats, codes: int, *, seed: int = 0, rounds: int = 12) -> Floats:
    """Return the centres [codes, patch_width] of k-means over patches [many, patch_width]."""
    rng = np.random.default_rng(seed)
    different = np.unique(patches, axis=0)
    centres = different[rng.choice(len(different), codes, replace=len(different) < codes)].copy()
    for _ in range(rounds):
        near = nearest(patches, centres)
        sums = np.zeros_like(centres)
        np.add.at(sums, near, patches)
        many = np.bincount(near, minlength=codes)[:, None]
        centres = np.where(many > 0, sums / np.maximum(many, 1), centres).astype(np.float32)
    return centres


def nearest(patches: Floats, centres: Floats) -> NDArray[np.int64]:
    """Return the code of each patch [many]."""
    far = (centres**2).sum(1)[None] - 2.0 * patches @ centres.T
    found: NDArray[np.int64] = far.argmin(1).astype(np.int64)
    return found
