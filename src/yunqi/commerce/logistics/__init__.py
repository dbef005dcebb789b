"""Logistics: routes from depot to doorstep, and the yards, boxes and stocks behind them.

>>> from yunqi.commerce.logistics import Plan, Route
>>> Plan(cost=12.0, routes=(Route("van", ("a", "b")),)).routes[0].stops
('a', 'b')
"""

from yunqi.commerce.logistics.config import LogisticsConfig
from yunqi.commerce.logistics.engine.berth.generate import week as berth_week
from yunqi.commerce.logistics.engine.customs.landed import landed_cost
from yunqi.commerce.logistics.engine.packing.check import violations as packing_violations
from yunqi.commerce.logistics.engine.robots.generate import fleet as generated_fleet
from yunqi.commerce.logistics.engine.routing.check import check as check_plan
from yunqi.commerce.logistics.engine.routing.plain import plain_form
from yunqi.commerce.logistics.engine.routing.town import town
from yunqi.commerce.logistics.engine.warehouse.generate import batches as generated_batches
from yunqi.commerce.logistics.engine.warehouse.generate import products as generated_products
from yunqi.commerce.logistics.engine.warehouse.generate import waves as generated_waves
from yunqi.commerce.logistics.engine.warehouse.generate import zones as generated_zones
from yunqi.commerce.logistics.engine.warehouse.inventory import newsvendor, s_big_s
from yunqi.commerce.logistics.model import Plan, Problem, Quote, Replan, Route, Unserved
from yunqi.commerce.logistics.model.berth import BerthPlan, BerthProblem, QuayProblem, Vessel, Visit
from yunqi.commerce.logistics.model.customs import DutyLine, Good, LandedCost
from yunqi.commerce.logistics.model.echelon import Link, SerialPlan, Stage, StagePlan, StockNetwork, StockPlan
from yunqi.commerce.logistics.model.eta import Arrivals, EtaReport, Trips
from yunqi.commerce.logistics.model.floor import (
    Batch,
    Batching,
    BatchProblem,
    Location,
    Lot,
    PickFace,
    PickOrder,
    PickWave,
    Product,
    Refill,
    RefillPlan,
    RefillProblem,
    SlotProblem,
    Slotting,
    Walk,
)
from yunqi.commerce.logistics.model.forecast import Bucket, Forecast, Panel, demand_class
from yunqi.commerce.logistics.model.journeys import Goal, Journey, Network, Wish
from yunqi.commerce.logistics.model.nomenclature import Nomenclature, Suggestion
from yunqi.commerce.logistics.model.packing import Bin, Item, Load, Packing, PackingProblem, Placement, Rotation
from yunqi.commerce.logistics.model.papers import Consignment, Paper
from yunqi.commerce.logistics.model.reorder import (
    Level,
    Played,
    Policy,
    ReorderProblem,
    Reorders,
    Replay,
    SeasonGood,
    SeasonOrder,
    StockedGood,
)
from yunqi.commerce.logistics.model.returns import OrderLines, ReturnForecast
from yunqi.commerce.logistics.model.robots import Errand, Grid, Robot, RobotPlan, RobotProblem, Served
from yunqi.commerce.logistics.model.scale import AreaPlan, Effort, ScalePlan, ScaleRun, Throughput
from yunqi.commerce.logistics.model.warehouse import Block, PickRoute, WalkProblem, Wave, WaveProblem
from yunqi.commerce.logistics.model.yard import Container, Retrieval, Storage, YardMove, YardProblem
from yunqi.commerce.logistics.model.zones import Divided, Zone, ZoneProblem, Zoning
from yunqi.commerce.logistics.service import Logistics
from yunqi.commerce.logistics.service.arrivals import ArrivalDesk
from yunqi.commerce.logistics.service.berths import BerthDesk
from yunqi.commerce.logistics.service.classification import Classifier
from yunqi.commerce.logistics.service.clock import Budget
from yunqi.commerce.logistics.service.depot import Depot
from yunqi.commerce.logistics.service.floor import Floor
from yunqi.commerce.logistics.service.forecasts import ForecastDesk
from yunqi.commerce.logistics.service.journeys import JourneyDesk
from yunqi.commerce.logistics.service.packing import PackingDesk
from yunqi.commerce.logistics.service.papers import PaperDesk
from yunqi.commerce.logistics.service.routing import load_problem, prepare, quoter, replan, solve
from yunqi.commerce.logistics.service.stock import Stock
from yunqi.commerce.logistics.service.yard import Yard
from yunqi.commerce.logistics.store import MIGRATIONS

__all__ = [
    "MIGRATIONS",
    "AreaPlan",
    "ArrivalDesk",
    "Arrivals",
    "Batch",
    "BatchProblem",
    "Batching",
    "BerthDesk",
    "BerthPlan",
    "BerthProblem",
    "Bin",
    "Block",
    "Bucket",
    "Budget",
    "Classifier",
    "Consignment",
    "Container",
    "Depot",
    "Divided",
    "DutyLine",
    "Effort",
    "Errand",
    "EtaReport",
    "Floor",
    "Forecast",
    "ForecastDesk",
    "Goal",
    "Good",
    "Grid",
    "Item",
    "Journey",
    "JourneyDesk",
    "LandedCost",
    "Level",
    "Link",
    "Load",
    "Location",
    "Logistics",
    "LogisticsConfig",
    "Lot",
    "Network",
    "Nomenclature",
    "OrderLines",
    "Packing",
    "PackingDesk",
    "PackingProblem",
    "Panel",
    "Paper",
    "PaperDesk",
    "PickFace",
    "PickOrder",
    "PickRoute",
    "PickWave",
    "Placement",
    "Plan",
    "Played",
    "Policy",
    "Problem",
    "Product",
    "QuayProblem",
    "Quote",
    "Refill",
    "RefillPlan",
    "RefillProblem",
    "ReorderProblem",
    "Reorders",
    "Replan",
    "Replay",
    "Retrieval",
    "ReturnForecast",
    "Robot",
    "RobotPlan",
    "RobotProblem",
    "Rotation",
    "Route",
    "ScalePlan",
    "ScaleRun",
    "SeasonGood",
    "SeasonOrder",
    "SerialPlan",
    "Served",
    "SlotProblem",
    "Slotting",
    "Stage",
    "StagePlan",
    "Stock",
    "StockNetwork",
    "StockPlan",
    "StockedGood",
    "Storage",
    "Suggestion",
    "Throughput",
    "Trips",
    "Unserved",
    "Vessel",
    "Visit",
    "Walk",
    "WalkProblem",
    "Wave",
    "WaveProblem",
    "Wish",
    "Yard",
    "YardMove",
    "YardProblem",
    "Zone",
    "ZoneProblem",
    "Zoning",
    "berth_week",
    "check_plan",
    "demand_class",
    "generated_batches",
    "generated_fleet",
    "generated_products",
    "generated_waves",
    "generated_zones",
    "landed_cost",
    "load_problem",
    "newsvendor",
    "packing_violations",
    "plain_form",
    "prepare",
    "quoter",
    "replan",
    "s_big_s",
    "solve",
    "town",
]
