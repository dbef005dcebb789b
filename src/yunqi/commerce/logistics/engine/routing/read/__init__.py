"""Read problems: VRPLIB, Solomon, Li-Lim, our JSON, VROOM's JSON."""

from yunqi.commerce.logistics.engine.routing.read.detect import read_problem
from yunqi.commerce.logistics.engine.routing.read.plain import read_plain
from yunqi.commerce.logistics.engine.routing.read.rich import read_rich
from yunqi.commerce.logistics.engine.routing.read.vroom import read_vroom
from yunqi.commerce.logistics.engine.routing.read.vrplib import read_vrplib

__all__ = ["read_plain", "read_problem", "read_rich", "read_vroom", "read_vrplib"]
