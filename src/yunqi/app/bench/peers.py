"""Peers that run in an interpreter of their own, so that Yunqi needs none of them."""

import json
import os
import subprocess
import sys
from typing import Any


def peer_answer(script: str, *arguments: str, timeout: float) -> dict[str, Any]:
    """Run a peer's script and return the JSON of its last line; ``absent`` says why there is none.

    ``YUNQI_BENCH_PEERS`` names the interpreter that has the peers; by default this one.
    """
    command = [os.environ.get("YUNQI_BENCH_PEERS", sys.executable), script, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"absent": "did not end in time"}
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        return {"absent": (done.stderr.decode(errors="replace").splitlines() or ["no answer"])[-1][:80]}
    return found
