"""The index of (user, product) pairs: a sorted base for the many, a dictionary for what came since."""

import numpy as np
import numpy.typing as npt

from yunqi.commerce.ranking.engine.lines import Dense, Ints

_SMALL = 256
_MERGE_AT = 20_000


class PairIndex:
    """Gives each (user, product) pair a slot number, in order of first appearance; slots are never reused."""

    def __init__(self) -> None:
        self.users: Dense = np.zeros(0, np.int32)
        self.products: Dense = np.zeros(0, np.int32)
        self.size = 0
        self._keys: Ints = np.zeros(0, np.int64)
        self._slots: Ints = np.zeros(0, np.int64)
        self._fresh: dict[int, int] = {}
        self._fresh_of: dict[int, list[int]] = {}

    def slots(self, users: Dense, products: Dense) -> Ints:
        """Return the slots of pairs, making those that are new."""
        keys = users.astype(np.int64) << 32 | products
        if len(keys) > _SMALL:
            return self._many(keys)
        found = np.empty(len(keys), np.int64)
        for row, key in enumerate(keys.tolist()):
            slot = self._find(key)
            found[row] = self._add(key) if slot < 0 else slot
        if len(self._fresh) > _MERGE_AT:
            self._merge()
        return found

    def of(self, user: int) -> Ints:
        """Return all slots of a user, oldest first (sums over them must not depend on how the index was built)."""
        low, high = np.searchsorted(self._keys, (user << 32, (user + 1) << 32))
        fresh = self._fresh_of.get(user)
        found = np.sort(self._slots[low:high])
        return found if fresh is None else np.concatenate([found, np.asarray(fresh, np.int64)])

    def arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return what a snapshot keeps."""
        return {"pair_users": self.users[: self.size], "pair_products": self.products[: self.size]}

    def load(self, users: Dense, products: Dense) -> None:
        """Take over a snapshot."""
        self.users, self.products, self.size = users.copy(), products.copy(), len(users)
        keys = users.astype(np.int64) << 32 | products
        order = np.argsort(keys, kind="stable")
        self._keys, self._slots = keys[order], order
        self._fresh, self._fresh_of = {}, {}

    def _find(self, key: int) -> int:
        slot = self._fresh.get(key)
        if slot is not None:
            return slot
        place = int(np.searchsorted(self._keys, key))
        return int(self._slots[place]) if place < len(self._keys) and self._keys[place] == key else -1

    def _add(self, key: int) -> int:
        slot = self.size
        self._extend(np.array([key], np.int64))
        self._fresh[key] = slot
        self._fresh_of.setdefault(key >> 32, []).append(slot)
        return slot

    def _extend(self, keys: Ints) -> None:
        size = self.size + len(keys)
        if size > len(self.users):
            room = max(size, len(self.users) * 3 // 2, 1024)
            self.users, self.products = np.resize(self.users, room), np.resize(self.products, room)
        self.users[self.size : size] = keys >> 32
        self.products[self.size : size] = keys & 0xFFFFFFFF
        self.size = size

    def _merge(self) -> None:
        if self._fresh:
            self.load(self.users[: self.size], self.products[: self.size])

    def _many(self, keys: Ints) -> Ints:
        self._merge()
        unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        place = np.minimum(np.searchsorted(self._keys, unique), max(len(self._keys) - 1, 0))
        known = self._keys[place] == unique if len(self._keys) else np.zeros(len(unique), bool)
        slots = np.empty(len(unique), np.int64)
        slots[known] = self._slots[place[known]]
        new = np.flatnonzero(~known)
        new = new[np.argsort(first[new], kind="stable")]  # in order of appearance, as one by one would give
        slots[new] = self.size + np.arange(len(new))
        self._extend(unique[new])
        self.load(self.users[: self.size], self.products[: self.size])
        return np.asarray(slots[inverse])
