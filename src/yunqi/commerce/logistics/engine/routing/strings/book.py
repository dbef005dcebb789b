"""A book of the routes that a search tries, refused ones too: each is one that a vehicle can drive. Every function is compiled.

Where full vehicles leave few ways out, a search tries very many good routes that fit no plan it would go to; set
partitioning finds plans of them. One array holds all, as `layout` describes: a header, then the vectors.
"""

import numpy as np
from numba import njit

from yunqi.commerce.logistics.engine.routing.strings.anneal import begin, keep, mark
from yunqi.commerce.logistics.engine.routing.strings.arrays import Floats, Ints, Matrix
from yunqi.commerce.logistics.engine.routing.strings.layout import (
    BEST,
    CHANGE,
    COST,
    FOLLOWING,
    HOP,
    SIZE,
    TOUCHED,
    TOUCHED_ROUTES,
    USED,
    N,
)
from yunqi.commerce.logistics.engine.routing.strings.links import put_back, uniform
from yunqi.commerce.logistics.engine.routing.strings.recreate import recreate
from yunqi.commerce.logistics.engine.routing.strings.ruin import ruin

# Numbers: routes, at most; tasks in them, at most; places of the hash table less one.
ROUTES, MOST, WRITTEN, LONGEST, MASK = range(5)
# Vectors: by task a random number (a set's key is their sum); by place the key, and the route + 1 or 0; by route where its
# tasks begin, how many, its length; the tasks.
DRAWN, KEY, PLACE, START, COUNT, LENGTH, WORDS = range(5, 12)
HEADER = 16


def new_book(tasks: int, *, routes: int, words: int) -> Ints:
    """Return an empty book for so many routes with so many tasks together."""
    places = 1 << (2 * routes).bit_length()
    sizes = {DRAWN: tasks, KEY: places, PLACE: places, START: routes, COUNT: routes, LENGTH: routes, WORDS: words}
    book = np.zeros(HEADER + sum(sizes.values()), np.int64)
    at = HEADER
    for name, size in sizes.items():
        book[name] = at
        at += size
    drawn = np.random.default_rng(0).integers(1, 1 << 62, tasks)
    book[book[DRAWN] : book[DRAWN] + tasks] = drawn
    book[MOST], book[LONGEST], book[MASK] = routes, words, places - 1
    return book


@njit(cache=True, nogil=True)
def note(p: Ints, s: Ints, book: Ints) -> None:
    """Write the touched routes down; of the same tasks, the shortest."""
    following, hop = s[FOLLOWING], s[HOP]
    for t in range(s[TOUCHED]):
        r = s[s[TOUCHED_ROUTES] + t]
        size = s[s[SIZE] + r]
        if size == 0:
            continue
        start = p[N] + 2 * r
        key, length = np.int64(0), s[hop + start]
        i = s[following + start]
        while i < p[N]:
            key += book[book[DRAWN] + i]
            length += s[hop + i]
            i = s[following + i]
        place = (key ^ (key >> 31)) & book[MASK]
        while book[book[PLACE] + place] and book[book[KEY] + place] != key:
            place = (place + 1) & book[MASK]
        route = book[book[PLACE] + place] - 1
        if route >= 0:
            if book[book[LENGTH] + route] <= length:
                continue
        else:
            if book[ROUTES] == book[MOST] or book[WRITTEN] + size > book[LONGEST]:
                continue
            route = book[ROUTES]
            book[ROUTES] += 1
            book[book[PLACE] + place], book[book[KEY] + place] = route + 1, key
            book[book[START] + route], book[book[COUNT] + route] = book[WRITTEN], size
            book[WRITTEN] += size
        book[book[LENGTH] + route] = length
        at = book[WORDS] + book[book[START] + route]
        i = s[following + start]
        while i < p[N]:
            book[at] = i
            at += 1
            i = s[following + i]


@njit(cache=True, nogil=True)
def anneal_noting(p: Ints, table: Matrix, xy: Floats, s: Ints, book: Ints, iterations: int, level: float) -> None:
    """Search at one temperature, without a plan in force, and write all routes tried down."""
    for _ in range(iterations):
        begin(s)
        cost, used = s[COST], s[USED]
        slack = -level * np.log(uniform(s) + 1e-12)
        ruin(p, table, xy, s)
        close = recreate(p, table, xy, s, slack)
        note(p, s, book)
        if close:
            s[COST] = cost + s[CHANGE]
            mark(s)
            if s[COST] < s[BEST]:
                keep(p, table, xy, s)
        else:
            put_back(p, table, xy, s, cost, used)
