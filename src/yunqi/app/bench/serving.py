"""The `serve` bench: the whole shop under a realistic mixed load from a second process."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from yunqi.app.bench.model import Row
from yunqi.app.bench.plain_shop import build
from yunqi.app.bench.shop import copy_of_shop
from yunqi.kernel import Unavailable

RATE = 50.0
SECONDS = 20.0
WARM_UP = 5.0


def run(runs: int) -> list[Row]:
    """Send 50 requests a second (home, search, typeahead, product, basket, events) to Yunqi and to the plain peer, in turn."""
    ours: list[dict[str, float]] = []
    theirs: list[dict[str, float]] = []
    with copy_of_shop() as data_dir, tempfile.TemporaryDirectory() as folder:
        plain = str(Path(folder) / "plain.db")
        _fill(plain, data_dir)
        for number in range(runs):
            with _server(["yunqi", "serve"], _environment(data_dir)) as (port, pid):
                ours.append(_measure(port, pid, seed=number))
            with _server(["yunqi.app.bench.plain_shop", plain], {}) as (port, pid):
                theirs.append(_measure(port, pid, seed=number))
    return [_row(metric, unit, ours, theirs) for metric, unit in _metrics(ours[0])]


def _metrics(first: dict[str, float]) -> list[tuple[str, str]]:
    units = {"failures": "requests", "resident_mib": "MiB", "requests_per_second": "1/s"}
    return [(metric, units.get(metric, "ms")) for metric in first]


def _row(metric: str, unit: str, ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> Row:
    mine, peer = [run[metric] for run in ours], [run[metric] for run in theirs]
    value, other = median(mine), median(peer)
    return Row(
        metric=metric,
        value=round(value, 3),
        unit=unit,
        peer="Starlette + SQLite FTS5, no ranking",
        peer_value=round(other, 3),
        ratio=round(value / other, 3) if other else None,
        runs=len(ours),
        spread=round((max(mine) - min(mine)) / value, 3) if value else 0.0,
    )


def _measure(port: int, pid: int, *, seed: int) -> dict[str, float]:
    url = f"http://127.0.0.1:{port}"
    _load(url, WARM_UP, seed + 1000)
    started = time.perf_counter()
    found = _load(url, SECONDS, seed)
    if found["failures"]:
        print(f"failed requests: {found['failures']}", file=sys.stderr)
    every = sorted(ms for latencies in found["latencies"].values() for ms in latencies)
    result = {
        "p50_ms": _quantile(every, 0.50),
        "p99_ms": _quantile(every, 0.99),
        "requests_per_second": len(every) / max(time.perf_counter() - started, SECONDS),
        "failures": float(sum(found["failures"].values())),
        "resident_mib": resident(pid) / 2**20,
    }
    for kind, latencies in sorted(found["latencies"].items()):
        result[f"{kind}_p99_ms"] = _quantile(sorted(latencies), 0.99)
    return result


def _quantile(ordered: list[float], q: float) -> float:
    return ordered[min(len(ordered) - 1, int(q * len(ordered)))] if ordered else 0.0


def _load(url: str, seconds: float, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "yunqi.app.bench.load", url, str(RATE), str(seconds), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def resident(pid: int) -> int:
    """Return the resident bytes of a process and its children."""
    total = 0
    for status in Path("/proc").glob("[0-9]*/status"):
        with contextlib.suppress(OSError):
            text = status.read_text()
            fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
            number = int(status.parent.name)
            if pid in (number, int(fields["PPid"])):
                total += int(fields.get("VmRSS", "0 kB").split()[0]) * 1024
    return total


@contextlib.contextmanager
def _server(module: list[str], environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [sys.executable, "-m", *module, *([] if "serve" in module else [str(port)])]
    process = subprocess.Popen(
        command, env={**os.environ, **environment, "YUNQI_PORT": str(port)}, stdout=subprocess.DEVNULL
    )
    try:
        _wait(port, process)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    for _ in range(1200):
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise Unavailable("The server under test did not start; its message stands above.")


def _environment(data_dir: Path) -> dict[str, str]:
    return {
        "YUNQI_DATA_DIR": str(data_dir),
        "YUNQI_LOG_LEVEL": "error",
        "YUNQI_STOREFRONT_REQUESTS_PER_SECOND": "1000000",
        "YUNQI_STOREFRONT_BURST": "1000000",
    }


def _fill(path: str, data_dir: Path) -> None:
    """Give the peer the same products (in a process of its own state)."""
    from yunqi.app.application import open_shop

    with open_shop(data_dir) as shop:
        cards = shop.catalog.cards()
        rows = [
            (
                cards.ids[n],
                cards.titles[n],
                int(cards.price_minor[n]),
                cards.brands[n],
                " > ".join(cards.path(n)),
                cards.sizes[n],
            )
            for n in range(len(cards))
        ]
    build(path, rows)
