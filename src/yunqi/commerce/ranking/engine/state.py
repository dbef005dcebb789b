"""The state of the shop as features see it: struct of arrays, folded from the event log, rebuilt from it at will."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from yunqi.commerce.ranking.engine.decay import Decayed
from yunqi.commerce.ranking.engine.lines import Dense, Kind, Lines
from yunqi.commerce.ranking.engine.tables import HabitTable, ProductTable, ShopperTable, TypeTable, grown

Arrays = dict[str, npt.NDArray[np.generic]]


class ShopState:
    """Everything that features read.

    Attributes
    ----------
    seq
        The last event of the log that is in.
    taxonomy
        int32 (products, 3): department, category and type of each product, in this state's own stable numbers.
    brand
        int32 per product, likewise.
    """

    def __init__(self) -> None:
        self.seq = 0
        self.users: dict[str, int] = {}
        self._next_user = 0
        self.names: dict[str, int] = {}
        self.taxonomy: Dense = np.full((0, 3), -1, np.int32)
        self.brand: Dense = np.full(0, -1, np.int32)
        self.products = ProductTable()
        self.habits = HabitTable()
        self.shoppers = ShopperTable()
        self.types = TypeTable()

    def user(self, name: str, *, make: bool = False) -> int:
        """Return a user's number, or -1 (or make one)."""
        found = self.users.get(name, -1)
        if found < 0 and make:
            found = self.users[name] = self._next_user
            self._next_user += 1
        return found

    def describe(self, products: Sequence[int], paths: Sequence[tuple[str, ...]], brands: Sequence[str]) -> None:
        """Say where products stand in the taxonomy; levels a path does not have repeat its deepest one."""
        if not len(products):
            return
        self.taxonomy = grown(self.taxonomy, max(products) + 1, -1)
        self.brand = grown(self.brand, max(products) + 1, -1)
        for product, path, brand in zip(products, paths, brands, strict=True):
            for level in range(3):
                self.taxonomy[product, level] = self._name("\x1f".join(path[: level + 1])) if path else -1
            self.brand[product] = self._name("\x1e" + brand) if brand else -1

    def types_of(self, products: Dense) -> Dense:
        """Return the product type of products, -1 where none is known."""
        return self.taxonomy_of(products)[:, 2]

    def taxonomy_of(self, products: Dense) -> Dense:
        """Return department, category and type of products."""
        if len(products) and int(products.max()) >= len(self.taxonomy):
            self.taxonomy = grown(self.taxonomy, int(products.max()) + 1, -1)
        return np.asarray(self.taxonomy[products])

    def brand_of(self, products: Dense) -> Dense:
        """Return the brand number of products."""
        if len(products) and int(products.max()) >= len(self.brand):
            self.brand = grown(self.brand, int(products.max()) + 1, -1)
        return np.asarray(self.brand[products])

    def fold(self, lines: Lines) -> None:
        """Take in lines, in log order: one, a few or the whole log, always with the same result to the last bit."""
        if not len(lines):
            return
        bought = lines.take((lines.kind == Kind.PURCHASE) & (lines.user >= 0))
        self.products.fold(lines, bought)
        met = lines.take(lines.user >= 0)
        if len(met):
            self.shoppers.fold(met, bought)
        if len(bought):
            repeated = self.habits.fold(bought)
            self.types.fold(bought, repeated, self.types_of(bought.product))

    def merge(self, visitor: str, user: str) -> None:
        """Give a user what was counted for a visitor; both names mean the user from now on."""
        old, new = self.users.get(visitor, -1), self.user(user, make=True)
        self.users[visitor] = new
        if old < 0 or old == new:
            return
        mine = self.habits.index.of(old)
        if len(mine):
            whose = np.full(len(mine), new, np.int32)
            self.habits.merge(mine, self.habits.index.slots(whose, self.habits.index.products[mine]))
        self.shoppers.merge(old, new)

    def _name(self, name: str) -> int:
        found = self.names.get(name)
        if found is None:
            found = self.names[name] = len(self.names)
        return found

    def arrays(self) -> Arrays:
        """Return the whole state as named arrays."""
        out: Arrays = {
            "seq": np.array([self.seq, self._next_user]),
            "users": _texts(list(self.users)),
            "user_numbers": np.fromiter(self.users.values(), np.int64, len(self.users)),
            "names": _texts(list(self.names)),
            "taxonomy": self.taxonomy,
            "brand": self.brand,
            **self.habits.index.arrays(),
        }
        for name, column in self._columns():
            out[name] = column.values if isinstance(column, Decayed) else column
            if isinstance(column, Decayed):
                out[f"{name}_epoch"] = np.array([column.epoch])
        return out

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> "ShopState":
        """Take over what `arrays` gave."""
        state = cls()
        state.seq = int(arrays["seq"][0])
        state.users = dict(zip(_split(arrays["users"]), arrays["user_numbers"].tolist(), strict=True))
        state._next_user = int(arrays["seq"][1])
        state.names = {name: number for number, name in enumerate(_split(arrays["names"]))}
        state.taxonomy = np.array(arrays["taxonomy"], np.int32)
        state.brand = np.array(arrays["brand"], np.int32)
        state.habits.index.load(np.array(arrays["pair_users"], np.int32), np.array(arrays["pair_products"], np.int32))
        for name, column in state._columns():
            if isinstance(column, Decayed):
                column.values = np.array(arrays[name], np.float64)
                column.epoch = int(arrays[f"{name}_epoch"][0])
            else:
                table, attribute = name.split("_", 1)
                setattr(getattr(state, table), attribute, np.array(arrays[name]))
        return state

    def _columns(self) -> list[tuple[str, Decayed | npt.NDArray[np.generic]]]:
        products, habits, shoppers, types = self.products, self.habits, self.shoppers, self.types
        found: list[tuple[str, Decayed | npt.NDArray[np.generic]]] = [
            *((f"products_popularity{i}", count) for i, count in enumerate(products.popularity)),
            ("products_interest", products.interest),
            *((f"habits_fading{i}", sums) for i, sums in enumerate(habits.fading)),
            ("shoppers_lines", shoppers.lines),
        ]
        plain = {
            "products": ("price", "discount", "first"),
            "habits": ("count", "first", "last"),
            "shoppers": ("recent", "met", "baskets", "basket", "first", "last"),
            "types": ("lines", "repeats", "log_price", "priced"),
        }
        tables = {"products": products, "habits": habits, "shoppers": shoppers, "types": types}
        for table, names in plain.items():
            found += [(f"{table}_{name}", getattr(tables[table], name)) for name in names]
        return found


def _texts(names: list[str]) -> npt.NDArray[np.generic]:
    return np.frombuffer(msgspec.json.encode(names), np.uint8)


def _split(texts: npt.NDArray[np.generic]) -> list[str]:
    return msgspec.json.decode(texts.tobytes(), type=list[str])
