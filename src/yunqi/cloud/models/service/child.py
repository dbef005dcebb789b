"""The child process: holds one llama.cpp server on a Unix socket, and dies with its parent.

Run as a script, apart from the package, so that it imports nothing but the engine. The first line of standard input
is the specification as JSON; standard output answers with one line when the model is loaded. The end of standard
input is the order to stop, which also comes when the parent is killed.
"""

import contextlib
import json
import os
import signal
import sys
from typing import Any


def main() -> None:
    """Load the model, say so, and wait for the end of standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the engine prints goes to the log
    spec = json.loads(sys.stdin.readline())
    import xllamacpp  # here, because it costs a second that the parent need not wait for

    server = xllamacpp.Server(parameters(xllamacpp.CommonParams(), spec))
    answer.write(json.dumps({"address": server.listening_address}) + "\n")
    answer.flush()
    sys.stdin.read()
    folder = os.path.dirname(spec["socket"])
    with contextlib.suppress(OSError):  # a killed parent can no longer do it
        os.unlink(spec["socket"])
        os.rmdir(folder)
    os._exit(0)


def parameters(params: Any, spec: dict[str, Any]) -> Any:
    """Fill the engine's parameters: no TCP port, a key, no pages, a bounded cache."""
    params.model.path = spec["model"]
    params.hostnames = [spec["socket"]]
    params.api_keys = [spec["key"]]
    params.cors_origins = ""
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.verbosity = 1
    params.n_parallel = spec["parallel"]
    params.n_ctx = spec["context"] * spec["parallel"]
    params.kv_unified = False
    params.ctx_shift = False
    params.fit_params = False
    params.cache_ram_mib = spec["cache_mb"]
    params.n_threads_http = spec["parallel"] + 2
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = spec["threads"]
    params.lora_adapters = [_adapter(one["file"]) for one in spec["adapters"]]
    params.speculative.types = _guessing(spec)
    if spec["draft"]:
        params.speculative.draft.mparams.path = spec["draft"]["model"]
        params.speculative.draft.cpuparams.n_threads = spec["threads"]
        params.speculative.draft.cpuparams_batch.n_threads = spec["threads"]
    return params


def _adapter(file: str) -> Any:
    """Return an adapter as the engine takes it; each request says which it wants."""
    import xllamacpp

    return xllamacpp.CommonAdapterLoraInfo(file, 0.0)


def _guessing(spec: dict[str, Any]) -> list[Any]:
    """Return the engine's names for guessing: by earlier occurrences of the last words, by a smaller model, or not."""
    from xllamacpp import common_speculative_type as kinds

    lookup = [kinds.COMMON_SPECULATIVE_TYPE_NGRAM_SIMPLE] if spec["lookup"] else []
    draft = [kinds.COMMON_SPECULATIVE_TYPE_DRAFT_SIMPLE] if spec["draft"] else []
    return [*lookup, *draft] or [kinds.COMMON_SPECULATIVE_TYPE_NONE]


if __name__ == "__main__":
    main()
