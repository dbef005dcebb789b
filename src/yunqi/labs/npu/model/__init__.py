"""Nouns of the NPU lab: networks, the chip, programs, reports, and what can go wrong."""

from yunqi.labs.npu.model.chip import Basis, Chip, Parameter
from yunqi.labs.npu.model.errors import DoesNotFit, ExtraMissing, NetworkRefused, NotSupported, ShapeUnknown
from yunqi.labs.npu.model.graph import Array, Graph, Node, Value, clip_limits
from yunqi.labs.npu.model.instruction import Instruction, Place, ProgramRefused
from yunqi.labs.npu.model.program import (
    Block,
    Engine,
    Layer,
    MemoryPlan,
    Program,
    Refusal,
    Segment,
    Split,
    Wide,
    Widths,
    Work,
)
from yunqi.labs.npu.model.quantised import Aim, Calibration, QuantisedGraph, Quantity, Recipe, Rounding
from yunqi.labs.npu.model.report import LoadReport, Rules, Scenario

__all__ = [
    "Aim",
    "Array",
    "Basis",
    "Block",
    "Calibration",
    "Chip",
    "DoesNotFit",
    "Engine",
    "ExtraMissing",
    "Graph",
    "Instruction",
    "Layer",
    "LoadReport",
    "MemoryPlan",
    "NetworkRefused",
    "Node",
    "NotSupported",
    "Parameter",
    "Place",
    "Program",
    "ProgramRefused",
    "QuantisedGraph",
    "Quantity",
    "Recipe",
    "Refusal",
    "Rounding",
    "Rules",
    "Scenario",
    "Segment",
    "ShapeUnknown",
    "Split",
    "Value",
    "Wide",
    "Widths",
    "Work",
    "clip_limits",
]
