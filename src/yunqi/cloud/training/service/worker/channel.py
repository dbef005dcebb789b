"""How the training process speaks: one JSON object a line on standard output, and it ends with its parent."""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from typing import Any, TextIO


class Channel:
    """Events to the parent.

    Parameters
    ----------
    stream
        Where lines go.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started = time.monotonic()

    def send(self, event: str, **values: Any) -> None:
        """Send one event."""
        line = json.dumps({"event": event, "at": round(time.monotonic() - self._started, 3), **values})
        with contextlib.suppress(BrokenPipeError):
            self._stream.write(line + "\n")
            self._stream.flush()

    @classmethod
    def over_stdout(cls) -> "Channel":
        """Take standard output for events alone; what libraries print goes to standard error."""
        stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        return cls(stream)


STOP = threading.Event()
"""Set when the parent asks for a stop after the current step."""


def end_with_parent() -> None:
    """End this process when standard input closes, which it does when the parent ends, however that happens.

    A line on standard input is the order to stop after the current step. Ctrl-C is the parent's to handle.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        while os.read(sys.stdin.fileno(), 4096):
            STOP.set()
        os._exit(3)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
