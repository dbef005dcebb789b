"""`yunqi up` and `yunqi serve`."""

import os
import subprocess
import sys
from pathlib import Path

import typer

from yunqi.app import logs
from yunqi.app.application import App, OpenApp
from yunqi.kernel import Kernel, Unavailable


def add_up(root: typer.Typer, open_app: OpenApp) -> None:
    """Add the command that needs nothing but an empty folder."""

    @root.command()
    def up() -> None:
        """Load the demo shop into an empty data folder, build what is missing, then serve. What `make up` runs."""
        from yunqi.app.server import listen  # the web framework is loaded by those who serve alone

        with open_app() as opened:
            logs.configure(opened.settings.kernel.log_level)
            listen(opened.settings.kernel.host, opened.settings.kernel.port).close()
            steps = _missing(opened)
        _run(steps)
        _serve(open_app)


def add_serve(root: typer.Typer, open_app: OpenApp) -> None:
    """Add the command that serves."""

    @root.command("serve")
    def serve_() -> None:
        """Serve the data folder as it is."""
        _serve(open_app)


def _serve(open_app: OpenApp) -> None:
    from yunqi.app.server import serve

    with open_app() as opened:
        logs.configure(opened.settings.kernel.log_level)
        opened.start()
        serve(opened, announce=lambda: _announce(opened))


def _missing(opened: App) -> list[list[str]]:
    """Return the commands that bring the data folder to a serving state."""
    steps = []
    if opened.settings.sections["storefront"].demo and opened.is_empty():
        steps.append(["demo", "load"])
    steps.append(["rebuild", "--if-needed"])
    steps += [["hub", "install", name] for name in opened.missing_models()]
    return steps


def _run(steps: list[list[str]]) -> None:
    """Run each step in a process of its own, so that building leaves no memory behind in the server."""
    for step in steps:
        done = subprocess.run([sys.executable, "-m", "yunqi", *step], check=False)
        if done.returncode:
            raise Unavailable(f"`yunqi {' '.join(step)}` failed; its message stands above. Mend that and run it again.")


def first_key(kernel: Kernel) -> str:
    """Return the installation's first key, made once and kept in ``first-key`` (mode 0600) until that file is removed."""
    path = kernel.config.data_dir / "first-key"
    if not path.exists():
        _, secret = kernel.auth.create_key("default", "first key", frozenset({"admin", "models"}))
        _write_private(path, secret)
    return path.read_text().strip()


def _write_private(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as out:
        out.write(text + "\n")


def _announce(opened: App) -> None:
    config = opened.settings.kernel
    host = f"[{config.host}]" if ":" in config.host else config.host
    origin = config.public_url or f"http://{host}:{config.port}"
    lines = (
        "",
        "Yunqi is up.",
        f"  Shop       {origin}/store",
        f"  Console    {origin}/console",
        f"  API        {origin}/openapi.json   (OpenAI clients: {origin}/v1)",
        f"  First key  {first_key(opened.kernel)}",
        "  Stop with Ctrl-C. `yunqi keys create` makes more keys.",
        "",
    )
    print("\n".join(lines), flush=True)
