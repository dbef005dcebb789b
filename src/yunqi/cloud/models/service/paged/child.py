"""The child process: holds one graph and answers on a Unix socket; dies with its parent.

The first line of standard input is the specification as JSON; standard output answers with one line when the model is
loaded. The end of standard input is the order to stop, which also comes when the parent is killed.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from yunqi.cloud.models.service.paged import compiled
from yunqi.kernel import Error


def main() -> None:
    """Load the model, say so, and answer until the end of standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the engine prints goes to the log
    spec = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, args=(spec["socket"],), daemon=True).start()
    folder = Path(spec["graph"])
    try:
        if not compiled.is_made(folder):
            compiled.make(Path(spec["model"]), folder, spec["engine"], [one["folder"] for one in spec["adapters"]])
        if (draft := spec["draft"]) and not compiled.is_made(Path(draft["graph"])):
            compiled.make(Path(draft["model"]), Path(draft["graph"]), draft["engine"])
        asyncio.run(_serve(spec, folder, answer))
    except Error as error:
        print(error.message, file=sys.stderr)
        os._exit(1)


async def _serve(spec: dict[str, Any], folder: Path, answer: Any) -> None:
    from yunqi.cloud.models.service.paged import server  # here, because it loads what serving needs

    await server.listen(spec, folder)
    answer.write(json.dumps({"address": spec["socket"]}) + "\n")
    answer.flush()
    await asyncio.Event().wait()


def _end_with_parent(socket: str) -> None:
    sys.stdin.read()
    with contextlib.suppress(OSError):  # a killed parent can no longer do it
        os.unlink(socket)
    with contextlib.suppress(OSError):
        os.rmdir(os.path.dirname(socket))
    os._exit(0)


if __name__ == "__main__":
    main()
