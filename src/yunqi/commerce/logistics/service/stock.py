"""Stock in networks of stages: documents in, the cheapest levels out."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.engine.warehouse.echelon import safety_stock, violations
from yunqi.commerce.logistics.engine.warehouse.read_stock import read_goods, read_network, read_reorders, solve_chain
from yunqi.commerce.logistics.engine.warehouse.reorder import reorders, replay
from yunqi.commerce.logistics.engine.warehouse.sold import Sold
from yunqi.commerce.logistics.model.echelon import SerialPlan, StockNetwork, StockPlan
from yunqi.commerce.logistics.model.forecast import Panel
from yunqi.commerce.logistics.model.reorder import ReorderProblem, Reorders, Replay
from yunqi.commerce.logistics.service.documents import load_json
from yunqi.commerce.logistics.service.files import read_text
from yunqi.commerce.logistics.service.share import checked


class Stock:
    """Levels of stock over several stages; exact methods that need no time limit."""

    def read(self, source: Path | dict[str, Any]) -> StockNetwork:
        """Read a network of stages from a file or a document."""
        return read_network(load_json(source))

    def network(self, network: StockNetwork) -> StockPlan:
        """Return the promises between stages that make safety stock cheapest."""
        found = safety_stock(network)
        checked(violations(network, found), "stock plan")
        return found

    def chain(self, source: Path | dict[str, Any]) -> SerialPlan:
        """Return the best base-stock levels of a chain with Poisson demand."""
        return solve_chain(load_json(source))

    def read_reorders(self, source: Path | dict[str, Any], sales: Panel | None = None) -> ReorderProblem:
        """Read goods to order from a CSV file, a JSON file or a document.

        Parameters
        ----------
        sales
            Daily sales, for goods that name no demand; periods are days then.
        """
        return _reader(source)(None if sales is None else Sold(sales))

    def reorder(self, problem: ReorderProblem) -> Reorders:
        """Return when to order and how much of each good, each beside a simpler rule."""
        return reorders(problem)

    def replay(
        self,
        source: Path | dict[str, Any],
        sales: Panel,
        *,
        days: int,
        on_day: Callable[[int], None] = lambda _: None,
    ) -> Replay:
        """Play the last days of the sales with levels set anew each week, beside the textbook's.

        Raises
        ------
        Invalid
            Too few days, or goods that cannot be played; named.
        """
        return replay(days, Sold(sales), _reader(source), on_day=on_day)


def _reader(source: Path | dict[str, Any]) -> Callable[[Sold | None], ReorderProblem]:
    """Return what reads the goods, given sales as known on some day; the file is opened once."""
    if isinstance(source, Path) and source.suffix.lower() == ".csv":
        return functools.partial(read_goods, read_text(source, "goods as CSV"))
    return functools.partial(read_reorders, load_json(source))
