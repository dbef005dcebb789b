"""Series, their groups and the whole, forecast apart and then made to add up."""

import numpy as np
import numpy.typing as npt

from yunqi.commerce.logistics.engine.forecast import learned, reconcile
from yunqi.commerce.logistics.model.forecast import Bucket, Floats
from yunqi.kernel.errors import Invalid


def groupings(ids: tuple[str, ...]) -> tuple[list[npt.NDArray[np.int64]], list[tuple[str, str]]]:
    """Return the groups of each series by each grouping, and the level and name of every group.

    The groupings are the whole and the parts of the ids between slashes, as the product and the store of ``milk/store-7``.

    Raises
    ------
    Invalid
        The ids have different numbers of parts.
    """
    parts = [name.split("/") for name in ids]
    if len({len(part) for part in parts}) > 1:
        short = next(name for name, part in zip(ids, parts, strict=True) if len(part) != len(parts[0]))
        raise Invalid(f"id {short!r} has not as many parts between slashes as {ids[0]!r}", "id")
    groups = [np.zeros(len(ids), np.int64)]
    nodes = [("total", "total")]
    for k in range(len(parts[0]) if len(parts[0]) > 1 else 0):
        names, group = np.unique([part[k] for part in parts], return_inverse=True)
        groups.append(group.astype(np.int64))
        nodes += [(f"part {k + 1}", str(name)) for name in names]
    return groups, nodes


def forecast(
    demand: Floats, ids: tuple[str, ...], *, bucket: Bucket, buckets: int, seed: int, threads: int = 2
) -> tuple[list[tuple[str, str]], Floats, Floats]:
    """Return the nodes, their reconciled means, and their separate ones [nodes, buckets]."""
    groups, nodes = groupings(ids)
    adding = reconcile.sums(groups, len(ids))
    every = np.asarray(adding @ demand)
    separate, variance = learned.means(every, bucket=bucket, buckets=buckets, seed=seed, threads=threads)
    return [*nodes, *(("series", name) for name in ids)], reconcile.reconcile(separate, adding, variance), separate
