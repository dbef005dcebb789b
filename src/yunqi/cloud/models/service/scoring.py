"""What a graph says of a text, to be compared with the weights that it was made of."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from yunqi.cloud.models.service.paged.compiled import is_made
from yunqi.kernel import Invalid, NotFound

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def compiled_logits(folder: str | Path, token_ids: Sequence[int]) -> "NDArray[np.float32]":
    """Return the logits after every token [tokens, vocabulary] of a graph that `Models.compile` made, as it is served.

    Raises
    ------
    NotFound
        When the folder holds no graph.
    Invalid
        When the ``openvino`` extra is not installed.
    """
    try:
        from yunqi.cloud.models.service.paged.runner import Runner
    except ModuleNotFoundError as error:
        raise Invalid(f"Running a graph needs the package {error.name}: run scripts/setup models openvino.") from error
    if not is_made(Path(folder)):
        raise NotFound(f"{folder} holds no graph; `yunqi models compile NAME` makes one.")
    runner = Runner(Path(folder), tokens=len(token_ids), threads=1)
    runner.settle()
    return runner.score(list(token_ids))
