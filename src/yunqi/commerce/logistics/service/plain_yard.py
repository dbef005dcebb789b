"""Answers of floor, yard and stock as plain values, for commands and routes alike."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from yunqi.commerce.logistics.model.echelon import SerialPlan, StockPlan
from yunqi.commerce.logistics.model.reorder import Level, Played, Reorders, Replay
from yunqi.commerce.logistics.model.robots import RobotPlan
from yunqi.commerce.logistics.model.yard import Retrieval, Storage


def robots_document(found: RobotPlan) -> dict[str, Any]:
    """Return a cell for each robot and step, with sums and bounds."""
    return {
        "total_steps": found.total, "total_bound": found.total_bound, "makespan": found.makespan,
        "makespan_bound": found.makespan_bound, "is_proven": found.is_proven,
        "robots": [{"id": name, "path": [list(cell) for cell in path]} for name, path in found.paths.items()],
        "errands": [asdict(one) for one in found.served], "open": list(found.open),
    }  # fmt: skip


def storage_document(found: Storage) -> dict[str, Any]:
    """Return the stack of each container."""
    return {"blocking": found.blocking, "bound": found.bound, "places": dict(found.places)}


def retrieval_document(found: Retrieval) -> dict[str, Any]:
    """Return the moves; ``to`` is null where a container leaves the yard."""
    return {"shifts": found.shifts, "bound": found.bound, "moves": [asdict(move) for move in found.moves]}


def stock_document(found: StockPlan) -> dict[str, Any]:
    """Return promise, wait, covered periods, safety stock and base-stock level of each stage."""
    return {
        "cost": round(found.cost, 4),
        "stages": [
            {"id": name, "promise": one.promise, "waits": one.waits, "covers": one.days,
             "safety": round(one.safety, 3), "base": round(one.base, 3), "cost": round(one.cost, 4)}
            for name, one in found.stages.items()
        ],
    }  # fmt: skip


def chain_document(found: SerialPlan) -> dict[str, Any]:
    """Return the levels of a chain, the stage at the customer first."""
    return {"cost": round(found.cost, 4), "echelon": list(found.echelon), "local": list(found.local)}


def reorder_document(found: Reorders) -> dict[str, Any]:
    """Return the levels of each good and the order of each season, with their cost and that of the simpler rule."""
    return {
        "goods": [_level_row(one) for one in found.levels],
        "seasons": [
            {"id": one.id, "units": one.units, "cost": round(one.cost, 4), "mean_cost": round(one.mean_cost, 4),
             "sold_out": round(one.sold_out, 4)}
            for one in found.seasons
        ],
    }  # fmt: skip


def _level_row(one: Level) -> dict[str, Any]:
    policy, plain = one.policy, one.plain
    size = {"lot": policy.size} if one.in_lots else {"up_to": policy.at + policy.size}
    return {
        "id": one.id, "order_at": policy.at, **size, "cost": round(policy.cost, 4), "fill": round(policy.fill, 4),
        "stock": round(policy.stock, 2), "orders": round(policy.orders, 4), "plain_cost": round(plain.cost, 4),
        "plain_fill": round(plain.fill, 4), "mean": round(one.mean, 4), "deviation": round(one.deviation, 4),
    }  # fmt: skip


def replay_document(found: Replay) -> dict[str, Any]:
    """Return what the levels cost over days held out, all goods together and each, beside the textbook's."""
    return {
        "days": found.days,
        **_sums(found.played, ""),
        **_sums(found.textbook, "textbook_"),
        "goods": [
            {"id": name, "cost": round(one.cost, 4), "fill": round(one.fill, 4),
             "textbook_cost": round(found.textbook[name].cost, 4), "textbook_fill": round(found.textbook[name].fill, 4)}
            for name, one in found.played.items()
        ],
    }  # fmt: skip


def _sums(played: Mapping[str, Played], prefix: str) -> dict[str, float]:
    whole = Played.together(played.values())
    return {f"{prefix}cost": round(whole.cost, 4), f"{prefix}fill": round(whole.fill, 4)}
