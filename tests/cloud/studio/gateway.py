"""The studio's routes on a real server, in a thread, with the house's error body."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse

from yunqi.cloud.studio import Studio
from yunqi.cloud.studio.routes import routes
from yunqi.kernel import Denied, Error, Exhausted, Invalid, Kernel, NotFound, Principal, Unavailable

STATUS = {Invalid: 400, Denied: 403, NotFound: 404, Exhausted: 429, Unavailable: 503}


async def explain(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Error)
    status = next(status for kind, status in STATUS.items() if isinstance(error, kind))
    status = 401 if error.code == "unauthenticated" else status
    inner = {"message": error.message, "type": "error", "code": error.code, "param": error.param}
    headers = {"Retry-After": str(round(error.retry_after or 1))} if isinstance(error, Exhausted) else {}
    return JSONResponse({"error": inner, "code": error.code}, status_code=status, headers=headers)


@contextmanager
def gateway(kernel: Kernel, studio: Studio) -> Iterator[str]:
    """Serve; yields the address."""

    def authenticate(request: Request) -> Principal:
        return kernel.auth.verify(request.headers.get("authorization", "").removeprefix("Bearer "))

    handlers: dict[Any, Any] = {Error: explain}
    app = Starlette(routes=routes(studio, authenticate), exception_handlers=handlers)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True  # open connections are not waited for
        thread.join()
