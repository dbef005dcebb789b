"""`yunqi bench packing`: container loading on the Bischoff-Ratcliff cases, share of the volume used.

The peers are let off what they cannot do: both may turn every box in every way, py3dbp
needs no support. What they answer is checked for the rest: nothing overlaps or reaches out, no box is packed twice.
"""

import json
import statistics
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from yunqi.app.bench import peer_boxes
from yunqi.app.bench.data import bench_data
from yunqi.app.bench.model import Options, Row
from yunqi.app.bench.peers import peer_answer
from yunqi.commerce.logistics import (
    Load,
    LogisticsConfig,
    Packing,
    PackingDesk,
    PackingProblem,
    Placement,
    Rotation,
    packing_violations,
)

FREED = {"packer3d": "full support, any rotation", "py3dbp": "any rotation, no support, untimed"}


def run(runs: int, options: Options) -> list[Row]:
    """Pack the first cases of each class, beside packer3d and py3dbp where the peers' interpreter has them."""
    seconds, cases, only = options.number("seconds", 4), options.whole("cases", 2), options.parts("only")
    folder = bench_data("logistics/containers", options)
    desk = PackingDesk(LogisticsConfig(workers=1))
    kinds = sorted({path.name.split("_")[0] for path in folder.glob("BR*_items.csv")})
    kinds = [kind for kind in kinds if not only or kind in only]
    rows, means = [], []
    for kind in kinds:
        problems = [desk.read(folder / f"{kind}_{case}").problem for case in range(1, cases + 1)]
        mean = statistics.mean(_use(desk, problem, seconds) for problem in problems)
        means.append(mean)
        answers = {name: [_peer(name, problem, seconds, options) for problem in problems] for name in peer_boxes.PEERS}
        rows.append(Row(f"{kind.lower()}_use", mean, "share", runs=cases))
        for name, found in answers.items():
            absent = [one["absent"] for one in found if "absent" in one]
            if absent:
                rows.append(Row(f"{kind.lower()}_{name}", 0, "absent", absent[0]))
                continue
            theirs = statistics.mean(one["use"] for one in found)
            label = f"{name} {found[0]['version']} ({FREED[name]})"
            rows.append(Row(f"{kind.lower()}_use_{name}", mean, "share", label, theirs, mean / theirs, cases))
    return [*rows, Row("mean_use", statistics.mean(means), "share", runs=len(means) * cases)]


def _use(desk: PackingDesk, problem: PackingProblem, seconds: float) -> float:
    started = time.process_time()
    # Wall time is left wide: a busy machine must not shorten the search.
    return desk.pack(problem, seconds=60 * seconds, is_cancelled=lambda: time.process_time() - started >= seconds).use


def _peer(name: str, problem: PackingProblem, seconds: float, options: Options) -> dict[str, Any]:
    items = [[item.id, item.size, item.copies] for item in problem.items]
    with tempfile.TemporaryDirectory(prefix="yunqi-peers-") as folder:
        task = Path(folder) / "task.json"
        task.write_text(json.dumps({"size": problem.bins[0].size, "items": items, "seconds": seconds}))
        found = peer_answer(peer_boxes.__file__, name, str(task), timeout=30 * seconds + 300, options=options)
    return found if "absent" in found else found | judged(problem, found["pieces"])


def judged(problem: PackingProblem, pieces: list[list[Any]]) -> dict[str, Any]:
    """Return the share of the bin that a peer's pieces use, or as ``absent`` the first rule of geometry they break."""
    whole = [(str(key), [round(number) for number in numbers]) for key, *numbers in pieces]
    if any(
        abs(a - b) > 1e-6
        for (_, mine), (_, *numbers) in zip(whole, pieces, strict=True)
        for a, b in zip(mine, numbers, strict=True)
    ):
        return {"absent": "no valid packing: a piece lies between whole units"}
    packed = Counter(key for key, _ in whole)
    freed = replace(
        problem, support=False, items=tuple(replace(item, rotations=tuple(Rotation)) for item in problem.items)
    )
    left = {item.id: (item.copies - packed[item.id], "") for item in problem.items if item.copies > packed[item.id]}
    placements = tuple(Placement(key, *numbers) for key, numbers in whole)
    broken = packing_violations(freed, Packing((Load(problem.bins[0].id, 1, placements),), 0.0, left))
    if broken:
        return {"absent": f"no valid packing: {broken[0]}"}
    return {"use": sum(dx * dy * dz for _, (_, _, _, dx, dy, dz) in whole) / problem.bins[0].volume}
