"""M6 at small size: pairs from a folder of named illustrations, and sparse beside dense of the same work a token."""

import hashlib
import re
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from yunqi.cloud.models.engine.m6.codebook import codebook, nearest, patches_of
from yunqi.cloud.models.engine.m6.spec import M6Spec, count, dense_twin
from yunqi.cloud.models.engine.m6.tasks import VOCABULARY, Pair, letters
from yunqi.cloud.models.engine.m6.training import M6Recipe, Trained, train
from yunqi.cloud.models.service.m6_folder import save_m6
from yunqi.kernel import Invalid, NotFound

SIDE, PATCH, CODES, LONGEST = 24, 6, 64, 40
SMALL = M6Spec(
    vocabulary=VOCABULARY,
    codes=CODES,
    width=64,
    layers=4,
    heads=4,
    inner=128,
    places=LONGEST + 8,
    patches=(SIDE // PATCH) ** 2,
    patch_width=PATCH * PATCH * 3,
    experts=8,
    prototypes=2,
    capacity=2.0,
    balance=0.01,
)
_SKIPPED = ("Flags", "Component")
_PEOPLE = re.compile(r"\b(man|woman|men|women|person|people|boy|girl)\b")
Pictured = tuple[NDArray[np.uint8], str, str]


def read_illustrations(folder: Path) -> list[Pictured]:
    """Return picture [24, 24, 3], name and group of each illustration of an emoji-datasource package.

    Parameters
    ----------
    folder
        The unpacked npm package emoji-datasource-google (or -twitter): emoji.json and img/NAME/64/*.png. Flags and
        skin tones are left out, and names of more than 40 letters.

    Raises
    ------
    NotFound
        When the folder is no such package.
    """
    from PIL import Image

    table, places = folder / "emoji.json", sorted(folder.glob("img/*/64"))
    if not table.is_file() or not places:
        raise NotFound(f"{folder} holds no emoji.json with img/*/64; unpack the npm package emoji-datasource-google.")
    found: list[Pictured] = []
    for row in msgspec.json.decode(table.read_bytes()):
        path = places[0] / row["image"]
        if row["category"] in _SKIPPED or len(row["name"]) > LONGEST or not path.is_file():
            continue
        with Image.open(path) as picture:
            clear = picture.convert("RGBA")
        paper = Image.new("RGBA", clear.size, "white")
        paper.alpha_composite(clear)
        small = paper.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
        found.append((np.asarray(small, dtype=np.uint8), row["name"], row["subcategory"]))
    return found


def read_glyphs(font: Path, *, every: int = 1) -> list[Pictured]:
    """Return picture, Unicode name and script (its first word) of the glyphs of a font file, up to U+2BFF.

    Parameters
    ----------
    every
        Take each so-manieth code point only.
    """
    from PIL import Image, ImageDraw, ImageFont

    letters_of = ImageFont.truetype(font, SIDE - 6, layout_engine=ImageFont.Layout.BASIC)
    found: list[Pictured] = []
    for letter in ("\U0010ffff", *map(chr, range(0x21, 0x2C00, every))):  # the first is drawn as what the font lacks
        paper = Image.new("RGB", (SIDE, SIDE), "white")
        ImageDraw.Draw(paper).text((SIDE / 2, SIDE / 2), letter, fill="black", font=letters_of, anchor="mm")
        picture, name = np.asarray(paper, dtype=np.uint8), unicodedata.name(letter, "")
        lacking = bool(found) and np.array_equal(picture, found[0][0])
        if not found or (0 < len(name) <= LONGEST and not lacking and picture.min() < 128):
            found.append((picture, name, name.split(" ")[0]))
    return found[1:]


def split_pairs(pictured: Sequence[Pictured], *, held: int = 6) -> tuple[list[Pair], list[Pair]]:
    """Return pairs to train on and pairs held out: one name in `held`, by its digest.

    Names that differ in man, woman or person alone fall on the same side. The codebook is learnt on the first part.
    """
    sides: tuple[list[Pictured], list[Pictured]] = ([], [])
    for one in pictured:
        key = " ".join(_PEOPLE.sub("", one[1].lower()).split())
        sides[hashlib.sha256(key.encode()).digest()[0] % held == 0].append(one)
    if not sides[0] or not sides[1]:
        raise Invalid(f"{len(pictured)} illustrations are too few to hold some out.", param="folder")
    centres = codebook(np.concatenate([patches_of(one[0], PATCH) for one in sides[0]]), CODES)
    first, second = ([_pair(one, centres) for one in side] for side in sides)
    return first, second


def _pair(one: Pictured, centres: NDArray[np.float32]) -> Pair:
    patches = patches_of(one[0], PATCH)
    text, context = letters(one[1]), letters(one[2])[:LONGEST]
    return Pair(patches, nearest(patches, centres), text, context)


def compare_m6(
    train_pairs: Sequence[Pair],
    held: Sequence[Pair],
    recipe: M6Recipe,
    *,
    only: Sequence[str] = (),
    check: Sequence[Pair] = (),
    tell: Callable[[str, int, dict[str, float]], None] | None = None,
    keep: Callable[[str, Trained], None] | None = None,
) -> dict[str, Any]:
    """Train prototyped experts, top-2 experts, the dense twin and pseudo-to-real on the same batches; return losses.

    Parameters
    ----------
    only
        The names of the models to train; empty: all.
    check
        Pairs by which each model is stopped in time; see `train`.
    keep
        Is given each model when it is trained.

    Returns
    -------
    dict
        By name: parameters, multiply_adds a token, cpu_seconds, losses by step (nats a target token; of the check's pairs
        where there are such), step and held_out losses of the model, loads.
    """
    plans = {
        "prototypes_2x1": (SMALL, recipe),
        "top_2": (replace(SMALL, prototypes=1, chosen=2), recipe),
        "dense": (dense_twin(SMALL), recipe),
        "pseudo_to_real": (replace(SMALL, shared=True), replace(recipe, pseudo=0.25)),
    }
    strange = [name for name in only if name not in plans]
    if strange:
        raise Invalid(f"No model {strange[0]!r}; there are {', '.join(plans)}.", param="only")
    found: dict[str, Any] = {"pairs": len(train_pairs), "check": len(check), "held_out": len(held), "models": {}}
    for name in only or plans:
        spec, how = plans[name]
        start = time.process_time()
        said = None if tell is None else _named(tell, name)
        trained = train(spec, train_pairs, held, how, check=check, tell=said)
        if keep is not None:
            keep(name, trained)
        found["models"][name] = _row(spec, trained, time.process_time() - start)
    return found


def compare_folder(
    folder: Path,
    *,
    steps: int,
    seed: int,
    only: Sequence[str] = (),
    stop_early: bool = False,
    tell: Callable[[str, int, dict[str, float]], None] | None = None,
    save: Path | None = None,
) -> dict[str, Any]:
    """Return `compare_m6` of the illustrations in a folder, or of the glyphs of a font file.

    Parameters
    ----------
    stop_early
        Keep a sixth of the training pairs aside, look at them twelve times, and take each model as it was best there.
    save
        Write each model to a folder of its name in this one.
    """
    first, second = split_pairs(read_glyphs(folder) if folder.is_file() else read_illustrations(folder))
    keep = None
    if save is not None:
        centres = codebook(np.concatenate([pair.patches for pair in first]), CODES)

        def keep(name: str, trained: Trained) -> None:
            about = {"data": folder.name, "pairs": len(first), "steps": trained.step, "held_out": trained.held_out}
            save_m6(save / name, trained.model, centres, about=about)

    aside = len(first) // 6 if stop_early else 0
    order = np.random.default_rng([seed, 6]).permutation(len(first))
    check, taken = ([first[place] for place in part] for part in (order[:aside], np.sort(order[aside:])))
    recipe = M6Recipe(steps=steps, seed=seed, looks=12 if stop_early else 4)
    return compare_m6(taken, second, recipe, only=only, check=check, tell=tell, keep=keep)


def _named(tell: Callable[[str, int, dict[str, float]], None], name: str) -> Callable[[int, dict[str, float]], None]:
    return lambda step, losses: tell(name, step, losses)


def _row(spec: M6Spec, trained: Trained, seconds: float) -> dict[str, Any]:
    counted = count(replace(spec, shared=False))
    last = trained.held_out
    return {
        "parameters": counted.total,
        "multiply_adds": counted.multiply_adds,
        "cpu_seconds": round(seconds, 1),
        "losses": [{"step": step, **losses} for step, losses in trained.losses],
        "step": trained.step,
        "held_out": last,
        "mean_loss": sum(last.values()) / len(last),
        "loads": [msgspec.to_builtins(load) for load in trained.loads],
    }
