"""Forecasts of products, stores, groups and the whole that add up: minimum trace by weighted least squares.

Wickramasuriya, Athanasopoulos and Hyndman (2019): of all forecasts that add up, the one nearest to the separate forecasts,
each weighed by how well it was right before. With S the sums and W the variances b = (S' W^-1 S)^-1 S' W^-1 y, and S b is
the answer.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import linalg

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-10


def sums(groups: Sequence[npt.NDArray[np.int64]], series: int) -> sparse.csr_matrix:
    """Return the summing matrix [nodes, series]: a row for each group of each grouping, then one for each series.

    Parameters
    ----------
    groups
        For each grouping the group of each series, counted from 0.
    """
    blocks = []
    for group in groups:
        ones = (np.ones(series), (group, np.arange(series)))
        blocks.append(sparse.csr_matrix(ones, shape=(int(group.max()) + 1, series)))
    return sparse.vstack([*blocks, sparse.identity(series, format="csr")], format="csr")


def reconcile(separate: Floats, adding: sparse.csr_matrix, variance: Floats) -> Floats:
    """Return forecasts [nodes, buckets] that add up exactly and are not negative.

    Parameters
    ----------
    separate
        Forecasts of every node on its own [nodes, buckets].
    adding
        The summing matrix [nodes, series].
    variance
        Of each node's past errors [nodes]; above 0.

    Notes
    -----
    Where the least-squares answer is below 0 for a series it is set to 0, and the sums follow: they still add up.
    """
    weight = 1 / np.maximum(variance, 1e-12)
    weighted = sparse.diags(weight) @ adding
    normal = (adding.T @ weighted).tocsr() if adding.shape[1] <= 2_000 else None
    diagonal = np.asarray(weighted.power(1).multiply(adding).sum(axis=0)).ravel()
    wanted = weighted.T @ separate
    if normal is not None:
        series = linalg.spsolve(normal.tocsc(), wanted)
        series = series.reshape(wanted.shape)
    else:
        series = np.column_stack([_solved(adding, weighted, wanted[:, k], diagonal) for k in range(wanted.shape[1])])
    return np.asarray(adding @ np.maximum(series, 0.0))


def bottom_up(series: Floats, adding: sparse.csr_matrix) -> Floats:
    """Return the sums of separate forecasts of the series [nodes, buckets]."""
    return np.asarray(adding @ series)


def _solved(adding: sparse.csr_matrix, weighted: sparse.csr_matrix, wanted: Floats, diagonal: Floats) -> Floats:
    """Solve by conjugate gradients without forming the square matrix, which a total would make full."""
    size = adding.shape[1]
    square = linalg.LinearOperator((size, size), matvec=lambda x: weighted.T @ (adding @ x))
    scaled = linalg.LinearOperator((size, size), matvec=lambda x: x / diagonal)
    found, _ = linalg.cg(square, wanted, rtol=TOLERANCE, maxiter=2_000, M=scaled)
    return np.asarray(found)
