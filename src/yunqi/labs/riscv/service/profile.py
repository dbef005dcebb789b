"""A profile: one run with everything that explains its cycles; and several programs or cores side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from yunqi.labs.riscv.engine.timing.parameters import published
from yunqi.labs.riscv.model import Limits, Program, Run
from yunqi.labs.riscv.service.riscv import Riscv, result, run_json


def profile(
    riscv: Riscv,
    program: Program,
    arguments: Sequence[str] = (),
    *,
    limits: Limits | None = None,
    changes: Mapping[str, float] | None = None,
    log: int = 0,
) -> dict[str, Any]:
    """Run a program and tell where its cycles went.

    Parameters
    ----------
    riscv
        The lab.
    program, arguments
        What is run.
    limits
        Where it is stopped.
    changes
        Parameters of the core that differ.
    log
        Of how many instructions the pipeline log is kept.

    Returns
    -------
    dict
        The run as `run_json` shows it, with ``functions``, ``hot_spots``, ``top_down``, ``energy_microjoules``, ``konata``
        (the log as the viewer reads it) and ``pipeline`` (the same as rows, see `report.pipeline`).
    """
    from yunqi.labs.riscv.service import report

    model = riscv.model(changes, log=log)
    process = riscv.process(program, arguments, limits=limits, model=model)
    done = result(process, process.run(), model)
    counts = model.profile(process.memory.code_pages)
    return run_json(done) | {
        "top_down": report.top_down(done.stack, done.instructions, int(model.values["core.decode_width"])),
        "functions": [asdict(spot) for spot in report.functions(program, counts)],
        "hot_spots": [asdict(spot) for spot in report.instructions(process.memory, counts)],
        "energy_microjoules": energy(done, model.values),
        "konata": report.konata(model, process.memory) if log else "",
        "pipeline": report.pipeline(model, process.memory) if log else [],
    }


def energy(run: Run, values: Mapping[str, float]) -> float:
    """Return an estimate of the core's energy in microjoules; every coefficient is an assumption of the parameter file."""
    n = run.counters
    picojoules = (
        run.cycles * values["energy.base_pj"]
        + run.instructions * values["energy.instruction_pj"]
        + (n.get("loads", 0) + n.get("stores", 0)) * values["energy.l1_pj"]
        + (n.get("l1d_misses", 0) + n.get("l1i_misses", 0)) * values["energy.l2_pj"]
        + n.get("l2_misses", 0) * values["energy.memory_pj"]
        + (n.get("multiplies", 0) + n.get("floats", 0)) * values["energy.multiply_pj"]
    )
    return picojoules / 1e6


def compare(
    riscv: Riscv,
    programs: Sequence[Program],
    arguments: Sequence[str] = (),
    *,
    limits: Limits | None = None,
    cores: Sequence[Mapping[str, float]] = ({},),
) -> list[dict[str, Any]]:
    """Run every program on every core; the first row is what the others are compared with."""
    rows: list[dict[str, Any]] = []
    for program in programs:
        for core in cores:
            run = riscv.run(program, arguments, limits=limits, changes=core)
            first = rows[0]["cycles"] if rows else run.cycles
            rows.append(
                {
                    "program": program.name,
                    "core": " ".join(f"{name}={value:g}" for name, value in core.items()) or "published",
                    "exit_status": run.exit_status,
                    "instructions": run.instructions,
                    "cycles": run.cycles,
                    "ipc": round(run.ipc, 4),
                    "speedup": round(first / run.cycles, 4) if run.cycles else None,
                    "stopped": run.stopped or (run.fault.message if run.fault else None),
                }
            )
    return rows


def parameters() -> list[dict[str, Any]]:
    """Return the modelled core's parameters with where each comes from."""
    return [{"name": one.name, "value": one.value, "source": one.source} for one in published().values()]
