"""A killed worker: another one is started, and the job goes on from its saved place."""

import json
import os
import signal
import time
from pathlib import Path

import pytest
from killable import Server

pytestmark = [pytest.mark.slow]


def worker_of(server: Server) -> int:
    assert server.process is not None
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"--parent\0{server.process.pid}\0".encode() in command:
            return int(folder.name)
    return 0


def wait_for(condition, seconds: float = 60.0):  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


@pytest.mark.timeout(300)
def test_a_killed_worker_is_replaced_and_its_job_finishes(tmp_path: Path) -> None:
    rows = ["id,title,price", *(f"p{i},Product {i},1.49 USD" for i in range(60_000))]
    (tmp_path / "feed.csv").write_text("\n".join(rows) + "\n")
    server = Server(tmp_path / "data")
    key = json.loads(server.cli("keys", "create", "k", "--scope", "admin", "--json").stdout)["secret"]
    headers = {"Authorization": f"Bearer {key}"}
    server.start()
    try:
        first = wait_for(lambda: worker_of(server))
        job = submit(server, tmp_path / "feed.csv", headers)
        wait_for(lambda: server.get(f"/v1/jobs/{job}", headers=headers)[1]["state"] == "running")
        time.sleep(0.4)
        os.kill(first, signal.SIGKILL)
        done = wait_for(lambda: finished(server, job, headers), 120)
        assert (done["state"], done["attempts"]) == ("done", 2)
        assert worker_of(server) not in (0, first)
        assert server.get("/v1/catalog/products?size=1", headers=headers)[1]["total"] == 60_000
    finally:
        server.stop()


def submit(server: Server, path: Path, headers: dict[str, str]) -> str:
    boundary = "x-yunqi-test"
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="feed.csv"\r\n\r\n'.encode()
    body = head + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    connection.request("POST", "/v1/catalog/imports", body, {**headers, **kind})
    reply = connection.getresponse()
    data = reply.read()
    connection.close()
    assert reply.status == 202, data
    return str(json.loads(data)["job_id"])


def finished(server: Server, job: str, headers: dict[str, str]):  # type: ignore[no-untyped-def]
    found = server.get(f"/v1/jobs/{job}", headers=headers)[1]
    return found if found["state"] in ("done", "failed", "cancelled") else None
