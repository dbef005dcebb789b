"""Yunqi's commands for tests: each in a process of its own, forked from one that has imported the package already.

A fresh interpreter spends more than a second on imports alone; a fork spends none. The tests of the installed package
(`tests/smoke`) start the real program.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
LATER = (
    "alembic.command",
    "pydantic.fields",
    "pydantic.main",
    "rich.markdown",
    "sqlite3",
    "tantivy",
    "typer._adapters",
)
"""What commands load as they run: loaded once, it is there in every fork (0.1 s each)."""


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
    return _run(None, arguments, cwd, timeout, environment)


def script(path: Path, *arguments: str, cwd: Path | None = None, timeout: float = 300) -> Done:
    """Run a file of Python as a program of its own; a warning is an error."""
    return _run(path, arguments, cwd, timeout, {})


def _run(
    path: Path | None, arguments: tuple[str, ...], cwd: Path | None, timeout: float, environment: dict[str, str]
) -> Done:
    with tempfile.TemporaryDirectory() as folder:
        out, errors = Path(folder) / "out", Path(folder) / "errors"
        request = {
            "script": str(path) if path else None,
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

    for name in LATER:
        importlib.import_module(name)
    gc.freeze()  # what children share is not written to
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
    program = request["script"]
    sys.argv = [str(program or "yunqi"), *arguments]
    code: object = 0
    try:
        if program:
            warnings.simplefilter("error")
            sys.path.insert(0, str(Path(str(program)).parent))
            runpy.run_path(str(program), run_name="__main__")
        else:
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
