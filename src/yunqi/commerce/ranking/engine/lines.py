"""Lines: events flattened to one row per product, as columns. The only form in which the state is fed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Dense = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

NOBODY = -1
"""The user of a line that is about a product only."""


class Kind(IntEnum):
    """What a line says."""

    VIEW = 0
    CART = 1
    PURCHASE = 2
    PRICE = 3


@dataclass(frozen=True, slots=True)
class Lines:
    """Rows in log order, as columns of one length.

    Attributes
    ----------
    at
        UTC microseconds.
    user
        Dense user number, or `NOBODY`.
    product
        Dense product number.
    kind
        A `Kind`.
    price
        Unit price in minor units, NaN when the event did not say.
    discount
        Share taken off the regular price, 0 to 1.
    basket
        A number that all lines of one event share.
    """

    at: Ints
    user: Dense
    product: Dense
    kind: npt.NDArray[np.int8]
    price: Floats
    discount: Floats
    basket: Ints

    def __len__(self) -> int:
        return len(self.at)

    def take(self, where: slice | Flags | Ints) -> "Lines":
        """Return some of the rows."""
        return Lines(
            self.at[where],
            self.user[where],
            self.product[where],
            self.kind[where],
            self.price[where],
            self.discount[where],
            self.basket[where],
        )

    @classmethod
    def of(cls, rows: Sequence[tuple[int, int, int, int, float, float, int]]) -> "Lines":
        """Turn rows (at, user, product, kind, price, discount, basket) into columns."""
        columns = list(zip(*rows, strict=True)) if rows else [()] * 7
        kinds = (np.int64, np.int32, np.int32, np.int8, np.float64, np.float64, np.int64)
        return cls(*(np.asarray(column, kind) for column, kind in zip(columns, kinds, strict=True)))
