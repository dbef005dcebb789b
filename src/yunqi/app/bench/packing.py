"""Container loading on the Bischoff-Ratcliff cases of the bench data: volume used in 4 s of processor time on one thread."""

import statistics
import time
from collections.abc import Callable

from yunqi.app.bench.data import bench_data
from yunqi.app.bench.model import Row
from yunqi.commerce.logistics import LogisticsConfig, PackingDesk, PackingProblem

SECONDS = 4.0
CASES = 2


def run(runs: int) -> list[Row]:
    """Pack the first cases of each class BR1 to BR7, beside packer3d and py3dbp where they are installed."""
    folder = bench_data("logistics/containers")
    desk = PackingDesk(LogisticsConfig(workers=1))
    kinds = sorted({path.name.split("_")[0] for path in folder.glob("BR*_items.csv")})
    rows, means = [], []
    for kind in kinds:
        problems = [desk.read(folder / f"{kind}_{case}").problem for case in range(1, CASES + 1)]
        ours = [_use(desk, problem) for problem in problems]
        peer = _py3dbp()
        theirs = statistics.mean(peer(problem) for problem in problems) if peer else None
        mean = statistics.mean(ours)
        means.append(mean)
        name = "py3dbp (ignores rotations that are not allowed)" if peer else None
        rows.append(
            Row(f"{kind.lower()}_use", mean, "share", name, theirs, mean / theirs if theirs else None, len(ours))
        )
    rows.append(Row("mean_use", statistics.mean(means), "share", runs=len(means) * CASES))
    return rows


def _use(desk: PackingDesk, problem: PackingProblem) -> float:
    started = time.process_time()
    # Wall time is left wide: a busy machine must not shorten the search.
    return desk.pack(problem, seconds=60 * SECONDS, is_cancelled=lambda: time.process_time() - started >= SECONDS).use


def _py3dbp() -> Callable[[PackingProblem], float] | None:
    try:
        from py3dbp import Bin, Item, Packer  # type: ignore[import-not-found]
    except ImportError:
        return None

    def pack(problem: PackingProblem) -> float:
        packer, bin_ = Packer(), problem.bins[0]
        packer.add_bin(Bin(bin_.id, *bin_.size, 10**9))
        for item in problem.items:
            for copy in range(item.copies):
                packer.add_item(Item(f"{item.id}/{copy}", *item.size, 1))
        packer.pack(bigger_first=True)
        filled = sum(float(item.get_volume()) for item in packer.bins[0].items)
        return filled / bin_.volume

    return pack
