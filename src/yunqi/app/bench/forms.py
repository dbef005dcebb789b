"""One document planned by us and by a peer that reads it too, on the same CPU seconds."""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from yunqi.app.bench import peer_routes
from yunqi.app.bench.model import Options
from yunqi.app.bench.peers import peer_answer
from yunqi.commerce.logistics import Budget, LogisticsConfig, Plan, load_problem, solve


def budget_of(seconds: float, options: Options) -> Budget:
    """Return a budget of the wall, or with the option ``clock=cpu`` of the CPU seconds that two threads have in that time."""
    return Budget.of_processor(seconds, threads=2) if options.text("clock") == "cpu" else Budget(seconds)


def planned_beside(
    peer: str, document: dict[str, Any], seconds: float, seed: int, options: Options
) -> tuple[Plan, float, dict[str, Any]]:
    """Return our plan of a document, its CPU seconds, and what a peer of `peer_routes` answers on as many."""
    with tempfile.TemporaryDirectory(prefix="yunqi-peers-") as folder:
        file = Path(folder) / "day.json"
        file.write_text(json.dumps(document))
        begun = time.process_time()
        plan = solve(load_problem(file), LogisticsConfig(), budget=budget_of(seconds, options), seed=seed)
        cpu = time.process_time() - begun
        theirs = peer_answer(peer_routes.__file__, peer, str(file), str(cpu), timeout=30 * cpu + 120, options=options)
    return plan, cpu, theirs
