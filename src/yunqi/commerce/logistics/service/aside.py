"""PyVRP in a process of its own beside the string search: the two share what they find near the end."""

import importlib.util
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

from yunqi.commerce.logistics.model import Problem, Route

SMALLEST_SPAN = 8.0
LARGEST = 400
"""Up to here a second kind of search finds more than a second thread of the first."""

_CHILD = "from yunqi.commerce.logistics.service.aside import main; main()"


class Aside:
    """A running process that plans the same problem.

    Parameters
    ----------
    problem
        What is planned.
    seconds
        When it has to be done, from now.
    """

    def __init__(self, problem: Problem, seconds: float, seed: int) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="yunqi-aside-")
        self._answer = Path(self._folder.name) / "routes"
        task = Path(self._folder.name) / "task"
        task.write_bytes(pickle.dumps((problem, seconds, seed)))
        self._child = subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(task), str(self._answer)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def routes(self, wait: float) -> list[Route] | None:
        """Return what it found, waiting a little for it to end."""
        try:
            self._child.wait(timeout=max(0.01, wait))
        except subprocess.TimeoutExpired:
            return None
        if self._child.returncode or not self._answer.exists():
            return None
        found: list[Route] | None = pickle.loads(self._answer.read_bytes())  # noqa: S301 - our own child wrote it
        return found

    def close(self) -> None:
        """End the process and remove its folder."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        self._folder.cleanup()


def fits(problem: Problem, span: float) -> bool:
    """Whether the second engine pays here."""
    small = len(problem.tasks) <= LARGEST and span >= SMALLEST_SPAN
    plain = not any(
        task.windows or task.partner or task.prize is not None or task.skills or task.vehicle for task in problem.tasks
    )
    return small and plain and importlib.util.find_spec("pyvrp") is not None


def main() -> None:
    """Run in the child: plan until the time is up and write the routes."""
    from yunqi.commerce.logistics.engine.routing.hybrid import solve_hybrid
    from yunqi.commerce.logistics.service.clock import Budget, age

    problem, seconds, seed = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301 - our own parent wrote it
    budget = Budget(seconds, age())
    routes = solve_hybrid(problem, left=budget.left, seed=seed)
    part = Path(sys.argv[2] + ".part")
    part.write_bytes(pickle.dumps(routes))
    part.rename(sys.argv[2])
