"""Stock in networks of stages: documents in, the cheapest levels out."""

from pathlib import Path
from typing import Any

from yunqi.commerce.logistics.engine.warehouse.echelon import safety_stock, violations
from yunqi.commerce.logistics.engine.warehouse.read_stock import read_goods, read_network, read_reorders, solve_chain
from yunqi.commerce.logistics.engine.warehouse.reorder import reorders
from yunqi.commerce.logistics.model.echelon import SerialPlan, StockNetwork, StockPlan
from yunqi.commerce.logistics.model.reorder import ReorderProblem, Reorders
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

    def read_reorders(self, source: Path | dict[str, Any]) -> ReorderProblem:
        """Read goods to order from a CSV file, a JSON file or a document."""
        if isinstance(source, Path) and source.suffix.lower() == ".csv":
            return read_goods(read_text(source, "goods as CSV"))
        return read_reorders(load_json(source))

    def reorder(self, problem: ReorderProblem) -> Reorders:
        """Return when to order and how much of each good: (s, S) and the newsvendor's order, each beside a simpler rule."""
        return reorders(problem)
