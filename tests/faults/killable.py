"""A real server process that can be killed and started again on the same data."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Server:
    """`yunqi serve` on a data folder."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.environment = {
            **os.environ,
            "YUNQI_DATA_DIR": str(data_dir),
            "YUNQI_PORT": str(self.port),
            "YUNQI_LOG_LEVEL": "warning",
            "YUNQI_STOREFRONT_REQUESTS_PER_SECOND": "100000",
            "YUNQI_STOREFRONT_BURST": "100000",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None
        self.kill_also: tuple[str, ...] = ()

    def cli(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "yunqi", *arguments],
            env=self.environment, capture_output=True, text=True, check=check, timeout=300,
        )  # fmt: skip

    def start(self, *, patience: float = 120.0) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "yunqi", "serve"], env=self.environment, stdout=subprocess.DEVNULL
        )
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the server stopped with {self.process.returncode}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.get("/healthz")[0] == 200:
                    return
            time.sleep(0.05)
        raise AssertionError("the server did not answer")

    def kill(self) -> None:
        """kill -9, the server and its worker at once."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.kill_engine()

    def kill_engine(self) -> None:
        """kill -9 the database engine's own process: the one whose command line names its folder."""
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                named = "seekdb" in command and any(part in command for part in self.kill_also)
                if named and int(folder.name) != os.getpid():
                    os.kill(int(folder.name), signal.SIGKILL)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()

    def get(self, path: str, *, headers: dict[str, str] | None = None) -> tuple[int, Any, dict[str, str]]:
        return self.request("GET", path, headers=headers)

    def request(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, timeout: float = 60
    ) -> tuple[int, Any, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json", **(headers or {})})
            reply = connection.getresponse()
            data = reply.read()
            found = json.loads(data) if "json" in (reply.getheader("content-type") or "") else data
            return reply.status, found, {name.lower(): value for name, value in reply.getheaders()}
        finally:
            connection.close()
