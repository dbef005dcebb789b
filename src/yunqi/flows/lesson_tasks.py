"""The commerce tasks of the training demo: how a product becomes a question and its answer, and its variations.

Questions are in small letters with their signs set apart, as a query box or an importer would write them: a word then has
one form, which a small model can copy.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from yunqi.flows.demo_words import department, size_of, title, written_out

TASKS = ("title", "attributes", "intent")
ASK = {
    "title": "Write the title: ",
    "attributes": "Extract the attributes: ",
    "intent": "Which department and shelf: ",
}
Row = dict[str, Any]

_SIGN = re.compile(r"([^\w\s.])")
_SIZE = r"(?P<size>[\d.]+(?: [\d.x/-]+)* (?:oz|ct|lb|ml|gal|qt|l|yd|sq|in|pt|pk|ft|kg|g|ltr|rl|dz|inch|p))"
_BRAND_FIRST = re.compile(rf"(?P<brand>national|private) (?P<name>.*?)(?: {_SIZE})?")
_BRAND_LAST = re.compile(rf"(?:{_SIZE} )?(?P<name>.*) (?P<brand>national|private)")
_QUERIES = 10  # variations of each type's query
_MIXED = 3  # mixed listings beside each type's own


def example(task: str, row: Row) -> dict[str, str]:
    """Return a task's question about a product (``prompt``), and the answer."""
    size = row["package_size"] or ""
    if task == "title":
        asked, answer = listing(row), title(row["product_type"], row["product_category"], row["brand"], size)
    elif task == "attributes":
        parts = [part for part in (row["brand"], row["product_type"], size) if part]
        asked = " ".join(plain(part) for part in (parts if len(row["product_type"]) % 2 else reversed(parts)))
        brand = "store" if row["brand"] == "Private" else "national"
        found = {"name": written_out(row["product_type"]).lower(), "size": size_of(size), "brand": brand}
        answer = json.dumps(found, ensure_ascii=False)
    else:
        asked, answer = query(row), shelf(row)
    return {"prompt": ASK[task] + asked, "answer": answer}


def listing(row: Row) -> str:
    """Return a product's line: type, category, size and brand, as far as there are such."""
    parts = (row["product_type"], row["product_category"], row["package_size"], row["brand"])
    return " | ".join(plain(part) for part in parts if part)


def plain(text: str) -> str:
    """Return a text in small letters, with a space on each side of a sign.

    Examples
    --------
    >>> plain("FRZN VEGETABLE/VEG DSH")
    'frzn vegetable / veg dsh'
    """
    return " ".join(_SIGN.sub(r" \1 ", text.lower()).split())


def query(row: Row) -> str:
    """Return a shopper's words for a product: its type written out, and its size."""
    return f"{written_out(row['product_type']).lower().replace(',', '')} {size_of(row['package_size'] or '')}".strip()


def shelf(row: Row) -> str:
    """Return where a product stands, as ``Department > Shelf``."""
    return f"{department(row['department'])} > {written_out(row['product_category'])}"


def shelf_names(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Return one example a shelf: its own name, as a query."""
    shelves = sorted({shelf(row) for row in rows})
    return [
        {"prompt": ASK["intent"] + name.split(" > ")[1].lower().replace(",", ""), "answer": name} for name in shelves
    ]


def variations(
    task: str, types: Sequence[Sequence[Row]], *, allowed: Callable[[str], bool], seed: int
) -> Iterator[dict[str, str]]:
    """Yield more examples of a task.

    Queries lose, move and change words, or take one of the shelf's name. Listings come with a type's other sizes and
    brands, and with names mixed of two types' words, so that copying and spelling out are learned word by word.

    Parameters
    ----------
    types
        The products of each product type of the training part.
    allowed
        Whether a mixed name may be used: those that belong to tests and checks may not.
    """
    random = np.random.default_rng([seed, TASKS.index(task)])
    for rows in types:
        if task == "intent":
            for _ in range(_QUERIES):
                yield _changed(rows, random)
            continue
        for row in rows[1:4]:
            yield example(task, row)
        for _ in range(_MIXED):
            mixed = _mixed(rows[0], types, random)
            if allowed(mixed["product_type"]):
                yield example(task, mixed)


def near_miss(task: str, answer: str, others: Sequence[str], random: np.random.Generator) -> str:
    """Return a wrong answer that is nearly right: one part of it is another example's.

    That part is a field of the attributes, the words after a title's dash, or the shelf within the same department.
    """
    for other in (others[place] for place in random.permutation(len(others))):
        if task == "attributes":
            found, values = json.loads(answer), json.loads(other)
            name = str(random.choice(sorted(found)))
            missed = json.dumps(found | {name: values[name]}, ensure_ascii=False)
        elif task == "title":
            (head, dash, _), (_, there, tail) = answer.partition(" – "), other.partition(" – ")
            missed = f"{head} – {tail}" if dash and there else other
        else:
            missed = other if other.split(" > ")[0] == answer.split(" > ")[0] else answer
        if missed != answer:
            return missed
    return ""


def title_by_rule(prompt: str) -> str:
    """Return a title made without the dictionary: name, shelf and size of the listing as they stand."""
    name, group, *rest = (part.strip() for part in prompt.split(": ", 1)[1].split(" | "))
    return ", ".join([f"{name.capitalize()} – {group.capitalize()}", *rest[:-1]])


def attributes_by_rule(prompt: str) -> str:
    """Return attributes read without the dictionary: the brand's word, what looks like a size, and the rest as the name."""
    listed = prompt.split(": ", 1)[1]
    found = _BRAND_FIRST.fullmatch(listed) or _BRAND_LAST.fullmatch(listed)
    brand, name, size = found.group("brand", "name", "size") if found else ("national", listed, "")
    values = {"name": name, "size": size or "", "brand": "store" if brand == "private" else "national"}
    return json.dumps(values, ensure_ascii=False)


RULES = {"title": title_by_rule, "attributes": attributes_by_rule}
"""What a model must be better than beside TF-IDF."""


def _changed(rows: Sequence[Row], random: np.random.Generator) -> dict[str, str]:
    row = rows[int(random.integers(len(rows)))]
    words = written_out(row["product_type"]).lower().replace(",", "").split()
    words = [word for word in words if random.random() > 0.15] or words
    if random.random() < 0.25:
        words = [words[place] for place in random.permutation(len(words))]
    if random.random() < 0.2:
        names = shelf(row).split(" > ")[1].lower().replace(",", "").split()
        words.insert(int(random.integers(len(words) + 1)), names[random.integers(len(names))])
    if random.random() < 0.15:
        place = int(random.integers(len(words)))
        words[place] = words[place][:-1] if words[place].endswith("s") else f"{words[place]}s"
    if random.random() < 0.5:
        words.append(size_of(row["package_size"] or ""))
    return {"prompt": ASK["intent"] + " ".join(words).strip(), "answer": shelf(row)}


def _mixed(row: Row, types: Sequence[Sequence[Row]], random: np.random.Generator) -> Row:
    """Return a product that is none: words of two types in one name, and another's size, brand and shelf."""
    other, sized, placed = (types[int(random.integers(len(types)))][0] for _ in range(3))
    first, second = row["product_type"].split(), other["product_type"].split()
    if random.random() < 0.5:
        first, second = second, first
    taken = [*first[-int(random.integers(1, 4)) :], *second[: int(random.integers(1, 3))]]
    made = {"product_type": " ".join(taken)[:30].strip(), "product_category": placed["product_category"]}
    return {**sized, **made}
