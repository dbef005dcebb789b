"""One server process: the web server, the follower of the event log, and a supervised worker beside it."""

import contextlib
import errno
import fcntl
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from yunqi.app.application import App
from yunqi.app.http import create
from yunqi.kernel import Conflict, Error, KernelConfig

log = logging.getLogger("yunqi.server")

_PUMP_SECONDS = 0.2
_CHORE_SECONDS = 10.0
_PRUNE_SECONDS = 3600.0


class Follower:
    """A thread that brings this process's consumers up to date with what other processes commit, and does small chores."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)

    def start(self) -> None:
        """Start following."""
        self._thread.start()

    def stop(self) -> None:
        """Stop and wait for the thread."""
        self._stop.set()
        self._thread.join(timeout=5)

    def _follow(self) -> None:
        chores_at = 0.0
        prune_at = time.monotonic() + _PRUNE_SECONDS
        while not self._stop.wait(_PUMP_SECONDS):
            try:
                self._app.kernel.events.pump()
                if time.monotonic() >= chores_at:
                    chores_at = time.monotonic() + _CHORE_SECONDS
                    self._app.payments.settle_pending()
                if time.monotonic() >= prune_at:
                    prune_at = time.monotonic() + _PRUNE_SECONDS
                    self._app.experiments.prune()
            except Error as error:
                log.warning("the follower will try again: %s", error.message)


class Worker:
    """A background worker process, started again when it dies."""

    def __init__(self, config: KernelConfig) -> None:
        self._command = [sys.executable, "-m", "yunqi", "jobs", "work", "--parent", str(os.getpid())]
        self._environment = {**os.environ, "YUNQI_DATA_DIR": str(config.data_dir)}
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name="worker-watch", daemon=True)

    def start(self) -> None:
        """Start the process and its watcher."""
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """Whether the worker runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ask the worker to finish its job's current step and stop."""
        self._stop.set()
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=3)
                return
            self._process.kill()  # its job is resumed by the next worker
            self._process.wait()

    def _watch(self) -> None:
        pause = 1.0
        while not self._stop.is_set():
            started = time.monotonic()
            self._process = subprocess.Popen(self._command, env=self._environment, stdin=subprocess.DEVNULL)
            code = self._process.wait()
            if self._stop.is_set():
                return
            pause = 1.0 if time.monotonic() - started > 60 else min(pause * 2, 30.0)
            log.error("the worker stopped with code %s; starting another in %.0f s", code, pause)
            self._stop.wait(pause)


class _Server(uvicorn.Server):
    """A uvicorn server that says when it listens."""

    announce: Callable[[], None] = staticmethod(lambda: None)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen, then announce it."""
        await super().startup(sockets)
        if self.started:
            self.announce()


def serve(app: App, *, announce: Callable[[], None]) -> None:
    """Serve until stopped; ``announce`` is called once the port is open.

    Raises
    ------
    Conflict
        When the port or the data folder is in use.
    """
    config = app.settings.kernel
    listening = listen(config.host, config.port)
    with exclusive(config.data_dir):
        worker = Worker(config) if config.worker else None
        follower = Follower(app)
        application = create(app, worker_alive=(lambda: worker.is_alive) if worker else (lambda: True))
        server = _Server(
            uvicorn.Config(
                application, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=5
            )
        )
        server.announce = announce
        follower.start()
        if worker:
            worker.start()
        try:
            with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after it closed in order
                server.run(sockets=[listening])
        finally:
            if worker:
                worker.stop()
            follower.stop()


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket, or say who is in the way."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"Port {port} is in use, perhaps by a Yunqi that is up already. Stop that one, or choose another port: "
                f"YUNQI_PORT={port + 1} make up"
            ) from error
        raise Conflict(f"Cannot listen on {host}:{port}: {error.strerror}. Set YUNQI_HOST and YUNQI_PORT.") from error
    listening.listen(1024)
    return listening


@contextlib.contextmanager
def exclusive(data_dir: Path) -> Iterator[None]:
    """Hold the data folder's server lock; it goes with the process, however that ends."""
    with (data_dir / "server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"Another Yunqi serves the data folder {data_dir}. Stop it, or set YUNQI_DATA_DIR."
            ) from None
        yield
