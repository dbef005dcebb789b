"""The cheapest safety stocks of a network of stages, exactly: dynamic programming over the tree (Graves and Willems 2000)."""

import math
from dataclasses import dataclass

from yunqi.commerce.logistics.model.echelon import Link, Stage, StagePlan, StockNetwork, StockPlan
from yunqi.kernel.errors import Invalid

LONGEST = 2_000
"""Periods along the longest chain; more is refused, use longer periods."""


@dataclass(slots=True)
class _Node:
    """A stage with its demand and its place in the tree."""

    stage: Stage
    mean: float = 0.0
    variance: float = 0.0
    longest: int = 0


def safety_stock(network: StockNetwork) -> StockPlan:
    """Return the promises that make safety stock cheapest.

    Raises
    ------
    Invalid
        A chain is longer than can be planned; the stage is named.
    """
    return _Tree(network).solved()


class _Tree:
    def __init__(self, network: StockNetwork) -> None:
        self._cover = network.cover
        self._nodes = {stage.id: _Node(stage, stage.mean, stage.deviation**2) for stage in network.stages}
        self._up: dict[str, list[str]] = {name: [] for name in self._nodes}
        self._down: dict[str, list[str]] = {name: [] for name in self._nodes}
        for link in network.links:
            self._up[link.target].append(link.source)
            self._down[link.source].append(link.target)
        for name in self._sorted():
            node = self._nodes[name]
            node.longest = node.stage.lead + max((self._nodes[one].longest for one in self._up[name]), default=0)
            if node.longest > LONGEST:
                raise Invalid(f"stage {name}: {node.longest} periods of leads before it; use longer periods", "stages")
        self._add_demand(network.links)
        # cost[child][x]: the child's side of the tree when the parent waits for x (a supplier) or promises x (a customer)
        self._best: dict[str, list[tuple[float, tuple[int, int]]]] = {}
        self._parent: dict[str, str | None] = {}

    def _sorted(self) -> list[str]:
        """Return the stages, suppliers before those they supply."""
        left = {name: len(ups) for name, ups in self._up.items()}
        ready, found = [name for name, count in left.items() if not count], list[str]()
        while ready:
            name = ready.pop()
            found.append(name)
            for target in self._down[name]:
                left[target] -= 1
                if not left[target]:
                    ready.append(target)
        return found

    def _add_demand(self, links: tuple[Link, ...]) -> None:
        units = {(link.source, link.target): link.units for link in links}
        for name in reversed(self._sorted()):
            for target in self._down[name]:
                share = units[name, target]
                self._nodes[name].mean += share * self._nodes[target].mean
                self._nodes[name].variance += share**2 * self._nodes[target].variance

    def solved(self) -> StockPlan:
        root = next(iter(self._nodes))
        order, self._parent = [root], {root: None}
        for name in order:
            for other in (*self._up[name], *self._down[name]):
                if other != self._parent[name]:
                    self._parent[other] = name
                    order.append(other)
        for name in reversed(order):
            self._best[name] = self._table(name)
        cost, chosen = self._best[root][0]
        plans = self._chosen(order, root, chosen)
        return StockPlan({name: plans[name] for name in self._nodes}, cost)

    def _table(self, name: str) -> list[tuple[float, tuple[int, int]]]:
        """Return, for each limit that the parent sets, the least cost of this side and the (promise, wait) that has it."""
        parent, node = self._parent[name], self._nodes[name]
        reach = node.longest - node.stage.lead
        options = [
            (self._cost(name, promise, wait), (promise, wait))
            for wait in range(reach + 1)
            for promise in range(self._most(name, wait) + 1)
        ]
        if parent is None:
            return [min(options)]
        if parent in self._down[name]:  # the parent waits at least as long as this stage promises
            top = self._nodes[parent].longest
            best: list[tuple[float, tuple[int, int]]] = [(math.inf, (0, 0))] * (top + 1)
            for cost, (promise, wait) in options:
                best[promise] = min(best[promise], (cost, (promise, wait)))
            for limit in range(1, top + 1):
                best[limit] = min(best[limit], best[limit - 1])
            return best
        top = max(
            self._nodes[parent].longest, reach
        )  # a customer of the parent: waits at least what the parent promises
        best = [(math.inf, (0, 0))] * (top + 1)
        for cost, (promise, wait) in options:
            best[wait] = min(best[wait], (cost, (promise, wait)))
        for limit in range(top - 1, -1, -1):
            best[limit] = min(best[limit], best[limit + 1])
        return best

    def _most(self, name: str, wait: int) -> int:
        stage = self._nodes[name].stage
        most = wait + stage.lead
        return most if stage.promise is None else min(most, stage.promise)

    def _cost(self, name: str, promise: int, wait: int) -> float:
        node = self._nodes[name]
        days = wait + node.stage.lead - promise
        cost = node.stage.hold * self._cover * math.sqrt(node.variance * days)
        for one in self._up[name]:
            if one != self._parent[name]:
                cost += self._best[one][min(wait, len(self._best[one]) - 1)][0]
        for one in self._down[name]:
            if one != self._parent[name]:
                cost += self._best[one][promise][0]
        return cost

    def _chosen(self, order: list[str], root: str, chosen: tuple[int, int]) -> dict[str, StagePlan]:
        picks = {root: chosen}
        for name in order[1:]:
            parent = self._parent[name]
            promise, wait = picks[str(parent)]
            limit = wait if parent in self._down[name] else promise
            picks[name] = self._best[name][min(limit, len(self._best[name]) - 1)][1]
        plans = {}
        for name, (promise, wait) in picks.items():
            node = self._nodes[name]
            days = wait + node.stage.lead - promise
            safety = self._cover * math.sqrt(node.variance * days)
            plans[name] = StagePlan(promise, wait, days, safety, node.mean * days + safety, node.stage.hold * safety)
        return plans


def violations(network: StockNetwork, plan: StockPlan) -> list[str]:
    """Return what a plan breaks, in words; it shares nothing with the search."""
    wrong = []
    for stage in network.stages:
        one = plan.stages[stage.id]
        if stage.promise is not None and one.promise > stage.promise:
            wrong.append(f"stage {stage.id} promises {one.promise} periods where {stage.promise} are allowed")
        if one.days != one.waits + stage.lead - one.promise or one.days < 0:
            wrong.append(f"stage {stage.id} covers {one.days} periods")
    for link in network.links:
        if plan.stages[link.target].waits < plan.stages[link.source].promise:
            wrong.append(f"stage {link.target} waits less than {link.source} promises")
    if abs(sum(one.cost for one in plan.stages.values()) - plan.cost) > 1e-6 * max(1.0, plan.cost):
        wrong.append(f"the costs do not add up to {plan.cost}")
    return wrong
