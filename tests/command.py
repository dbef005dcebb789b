"""Yunqi's commands for tests: each in a process of its own, forked from one that has imported the package already.

A fresh interpreter spends more than a second on imports alone; a fork spends none. The tests of the installed package
(`tests/smoke`) start the real program.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]


class Done(NamedTuple):
    """How a command ended, and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


class _Forks:
    """The process that forks; one for each test worker."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def run(self, request: dict[str, object], timeout: float) -> int:
        server = self._started()
        assert server.stdin is not None
        assert server.stdout is not None
        server.stdin.write(json.dumps(request) + "\n")
        server.stdin.flush()
        if not select.select([server.stdout], [], [], timeout)[0]:
            self.stop()
            raise TimeoutError(f"{request['arguments']} took more than {timeout} s")
        return int(server.stdout.readline())

    def stop(self) -> None:
        """End the process and the command it may be at."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(  # -P: the tests' folders stay off the path
                [sys.executable, "-P", __file__],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        return self._process


_FORKS = _Forks()
atexit.register(_FORKS.stop)


def yunqi(*arguments: str, cwd: Path | None = None, timeout: float = 120, **environment: str) -> Done:
    """Run ``yunqi ARGUMENTS`` with the environment of the tests and what is given."""
    with tempfile.TemporaryDirectory() as folder:
        out, errors = Path(folder) / "out", Path(folder) / "errors"
        request = {
            "arguments": arguments,
            "cwd": str(cwd or Path.cwd()),
            "environment": {**os.environ, **environment},
            "out": str(out),
            "errors": str(errors),
        }
        code = _FORKS.run(request, timeout)
        return Done(code, out.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8"))


def _serve() -> None:
    from yunqi.app.cli import main

    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_carried_out(request, main))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _carried_out(request: dict[str, object], main: object) -> int:
    for number, name in ((1, "out"), (2, "errors")):
        os.dup2(os.open(str(request[name]), os.O_WRONLY | os.O_CREAT, 0o600), number)
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8", closefd=False) for number in (1, 2))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    environment, arguments = request["environment"], request["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(request["cwd"]))
    sys.argv = ["yunqi", *arguments]
    code: object = 0
    try:
        main()  # type: ignore[operator]
    except SystemExit as done:
        code = done.code
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    _serve()
