"""Container loading on the Bischoff-Ratcliff cases of the bench data: volume used in so much processor time of one thread."""

import importlib.util
import statistics
import time
from collections.abc import Callable

from yunqi.app.bench.data import bench_data
from yunqi.app.bench.model import Row
from yunqi.commerce.logistics import LogisticsConfig, PackingDesk, PackingProblem

SECONDS = 4.0
CASES = 2
Pack = Callable[[PackingProblem, float], float]


def run(runs: int, seconds: float = SECONDS) -> list[Row]:
    """Pack the first cases of each class BR1 to BR7, beside packer3d and py3dbp where they are installed."""
    folder = bench_data("logistics/containers")
    desk = PackingDesk(LogisticsConfig(workers=1))
    kinds = sorted({path.name.split("_")[0] for path in folder.glob("BR*_items.csv")})
    peers: list[tuple[str, str, Pack]] = []
    if importlib.util.find_spec("packer3d"):
        peers.append(("packer3d", "packer3d (full support, any rotation)", _packer3d))
    if importlib.util.find_spec("py3dbp"):
        peers.append(("py3dbp", "py3dbp (any rotation, no support, untimed)", _py3dbp))
    rows, means = [], []
    for kind in kinds:
        problems = [desk.read(folder / f"{kind}_{case}").problem for case in range(1, CASES + 1)]
        mean = statistics.mean(_use(desk, problem, seconds) for problem in problems)
        means.append(mean)
        if not peers:
            rows.append(Row(f"{kind.lower()}_use", mean, "share", runs=CASES))
        for short, name, pack in peers:
            theirs = statistics.mean(pack(problem, seconds) for problem in problems)
            rows.append(Row(f"{kind.lower()}_use_{short}", mean, "share", name, theirs, mean / theirs, CASES))
    return [*rows, Row("mean_use", statistics.mean(means), "share", runs=len(means) * CASES)]


def _use(desk: PackingDesk, problem: PackingProblem, seconds: float) -> float:
    started = time.process_time()
    # Wall time is left wide: a busy machine must not shorten the search.
    return desk.pack(problem, seconds=60 * seconds, is_cancelled=lambda: time.process_time() - started >= seconds).use


def _py3dbp(problem: PackingProblem, seconds: float) -> float:
    from py3dbp import Bin, Item, Packer  # type: ignore[import-not-found]

    packer, bin_ = Packer(), problem.bins[0]
    packer.add_bin(Bin(bin_.id, *bin_.size, 10**9))
    for item in problem.items:
        for copy in range(item.copies):
            packer.add_item(Item(f"{item.id}/{copy}", *item.size, 1))
    packer.pack(bigger_first=True)
    filled = sum(float(item.get_volume()) for item in packer.bins[0].items)
    return filled / bin_.volume


def _packer3d(problem: PackingProblem, seconds: float) -> float:
    """It counts wall time, in a process of its own."""
    from packer3d import Packer  # type: ignore[import-not-found]

    bin_, volumes = problem.bins[0], {item.id: item.volume for item in problem.items}
    packer = Packer()
    packer.add_box(id=bin_.id, width=bin_.size[0], length=bin_.size[1], height=bin_.size[2], quantity=1)
    for item in problem.items:
        packer.add_item(
            id=item.id,
            width=item.size[0],
            length=item.size[1],
            height=item.size[2],
            rotation="any",
            quantity=item.copies,
        )
    packer.set_options(time_limit_ms=int(1_000 * seconds), improve=True, support_mode="full_base")
    found = packer.pack()
    return sum(volumes[one["id"]] for box in found["bins"] for one in box["items"]) / bin_.volume
