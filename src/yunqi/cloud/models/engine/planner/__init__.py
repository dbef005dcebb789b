"""What it takes to serve a member: memory, devices, speed and cost, from its shape and a machine's data sheet."""

from yunqi.cloud.models.engine.planner.hardware import HARDWARE, Hardware
from yunqi.cloud.models.engine.planner.plan import Demand, Plan, plan

__all__ = ["HARDWARE", "Demand", "Hardware", "Plan", "plan"]
