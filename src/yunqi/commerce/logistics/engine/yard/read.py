"""Yards from JSON; every message names the row."""

from typing import Any

from yunqi.commerce.logistics.engine.routing.read.fields import Fields
from yunqi.commerce.logistics.model.yard import Container, YardProblem
from yunqi.kernel.errors import Invalid

MOST_CONTAINERS = 2_000


def read_yard(document: Any) -> YardProblem:
    """Read ``{"tiers", "stacks": [[{"id", "leaves", "weight_kg"}]], "arrivals", "most_weight_kg", "heavy_below"}``."""
    top = Fields(document, "the yard", ("tiers", "stacks", "arrivals", "most_weight_kg", "heavy_below"))
    heavy_below = top.raw("heavy_below", False)
    if not isinstance(heavy_below, bool):
        raise top.wrong("heavy_below", heavy_below, "true or false")
    stacks = []
    for at, stack in enumerate(top.items("stacks")):
        if not isinstance(stack, list):
            raise top.wrong(f"stacks[{at}]", stack, "a list of containers from the ground up")
        stacks.append(tuple(_container(one, f"stacks[{at}][{tier}]") for tier, one in enumerate(stack)))
    arrivals = tuple(_container(one, f"arrivals[{at}]") for at, one in enumerate(top.items("arrivals")))
    if sum(map(len, stacks)) + len(arrivals) > MOST_CONTAINERS:
        raise Invalid(f"more than {MOST_CONTAINERS:,} containers: plan each bay alone", "stacks")
    return YardProblem(tuple(stacks), top.integer("tiers"), arrivals, top.integer("most_weight_kg", 0), heavy_below)


def _container(one: Any, where: str) -> Container:
    row = Fields(one, where, ("id", "leaves", "weight_kg"))
    return Container(row.text("id"), row.integer("leaves"), row.integer("weight_kg", 0))
