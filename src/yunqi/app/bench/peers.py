"""Peers that run in an interpreter of their own, so that Yunqi needs none of them."""

import json
import subprocess
import sys
from typing import Any

from yunqi.app.bench.model import Options


def peer_answer(script: str, *arguments: str, timeout: float, options: Options) -> dict[str, Any]:
    """Run a peer's script and return the JSON of its last line; ``absent`` says why there is none.

    The option ``peers`` names the interpreter that has the peers; by default this one.
    """
    command = [options.text("peers", sys.executable), script, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired:
        return {"absent": "did not end in time"}
    try:
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, json.JSONDecodeError):
        return {"absent": (done.stderr.decode(errors="replace").splitlines() or ["no answer"])[-1][:80]}
    return found
