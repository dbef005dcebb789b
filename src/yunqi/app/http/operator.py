"""The operator's routes over the kernel: session, keys, jobs, settings, usage."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from yunqi.app.application import App
from yunqi.app.http.principals import SESSION, Principals
from yunqi.kernel import Invalid, Job, Key, Principal, clock


class SessionRequest(BaseModel):
    """Opens a console session."""

    key: str = Field(max_length=200)


class KeyRequest(BaseModel):
    """Makes an API key."""

    name: str = Field(max_length=100)
    scopes: list[str]


def session_router(principals: Principals) -> APIRouter:
    """Return the routes of the console's session. POST is public by design: it is where a key is shown."""
    router = APIRouter(prefix="/v1/session", tags=["session"])

    @router.post("")
    def open_session(body: SessionRequest, request: Request, response: Response) -> dict[str, Any]:
        """Check a key and open a console session with it."""
        return _who(principals.open_session(request, response, body.key))

    @router.get("")
    def session(principal: Principal = principals.require("read")) -> dict[str, Any]:
        """Say who is asking."""
        return _who(principal)

    @router.delete("")
    def close_session(response: Response) -> dict[str, Any]:
        """Forget the session's cookie."""
        response.delete_cookie(SESSION, path="/")
        return {"closed": True}

    return router


def keys_router(app: App, principals: Principals) -> APIRouter:
    """Return the routes of API keys."""
    router = APIRouter(prefix="/v1/keys", tags=["keys"])
    auth = app.kernel.auth

    @router.get("")
    def list_keys(principal: Principal = principals.require("admin")) -> dict[str, Any]:
        """List the workspace's keys."""
        return {"keys": [key_json(key) for key in auth.list_keys(principal.workspace)]}

    @router.post("", status_code=201)
    def create_key(body: KeyRequest, principal: Principal = principals.require("admin")) -> dict[str, Any]:
        """Make a key; its secret is in this answer only."""
        key, secret = auth.create_key(principal.workspace, body.name, frozenset(body.scopes))
        return {**key_json(key), "secret": secret}

    @router.delete("/{key_id}")
    def revoke_key(key_id: int, principal: Principal = principals.require("admin")) -> dict[str, Any]:
        """Make a key useless."""
        auth.revoke(principal.workspace, key_id)
        return {"revoked": str(key_id)}

    return router


def jobs_router(app: App, principals: Principals) -> APIRouter:
    """Return the routes of background jobs."""
    router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
    jobs = app.kernel.jobs

    @router.get("")
    def list_jobs(
        state: str = "", limit: int = 100, principal: Principal = principals.require("read")
    ) -> dict[str, Any]:
        """List jobs, newest first."""
        found = jobs.list(state=state or None, limit=max(1, min(limit, 500)), workspace=principal.workspace)
        return {"jobs": [job_json(job) for job in found]}

    @router.get("/{job_id}")
    def get_job(job_id: int, principal: Principal = principals.require("read")) -> dict[str, Any]:
        """Show a job."""
        return job_json(jobs.get(job_id, workspace=principal.workspace))

    @router.post("/{job_id}/cancel")
    def cancel_job(job_id: int, principal: Principal = principals.require("shop")) -> dict[str, Any]:
        """Ask a job to stop."""
        return job_json(jobs.cancel(job_id, workspace=principal.workspace))

    @router.get("/{job_id}/events")
    async def follow_job(job_id: int, principal: Principal = principals.require("read")) -> Response:
        """Follow a job's progress as server-sent events until it ends."""
        await asyncio.to_thread(jobs.get, job_id, workspace=principal.workspace)

        async def follow() -> AsyncIterator[bytes]:
            last = b""
            while True:
                job = await asyncio.to_thread(jobs.get, job_id, workspace=principal.workspace)
                data = msgspec.json.encode(job_json(job))
                if data != last:
                    yield b"data: " + data + b"\n\n"
                    last = data
                if job.state.is_final:
                    return
                await asyncio.sleep(0.3)

        return StreamingResponse(follow(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return router


def settings_router(app: App, principals: Principals) -> APIRouter:
    """Return the routes of settings and usage."""
    router = APIRouter(prefix="/v1", tags=["settings"])

    @router.get("/settings")
    def settings(principal: Principal = principals.require("admin")) -> dict[str, Any]:
        """List every setting with its value, source and explanation; secrets are masked."""
        rows = [
            {
                "name": info.name,
                "section": info.section,
                "value": "***" if info.secret and info.value else _plain(info.value),
                "default": _plain(info.default),
                "source": info.source,
                "type": info.type,
                "doc": info.doc,
                "secret": info.secret,
                "environment": info.environment,
            }
            for info in app.settings.infos
        ]
        return {"settings": rows}

    @router.get("/usage")
    def usage(
        since: str = "", until: str = "", by: str = "day", principal: Principal = principals.require("read")
    ) -> dict[str, Any]:
        """Sum what the workspace's keys used, by day, model or key."""
        rows = app.kernel.usage.report(principal.workspace, since=_time(since), until=_time(until), by=by)
        return {"rows": [{"key": row.key, "meter": row.meter, "quantity": row.quantity} for row in rows]}

    return router


def job_json(job: Job) -> dict[str, Any]:
    """Return a job as the API shows it."""
    return {
        "id": str(job.id),
        "kind": job.kind,
        "state": job.state.value,
        "done": job.done,
        "total": job.total,
        "message": job.message,
        "result": job.result,
        "error": job.error,
        "created_at": iso(job.created_at),
        "started_at": iso(job.started_at),
        "finished_at": iso(job.finished_at),
        "attempts": job.attempts,
    }


def key_json(key: Key) -> dict[str, Any]:
    """Return a key as the API shows it."""
    return {
        "id": str(key.id),
        "name": key.name,
        "prefix": key.prefix,
        "scopes": sorted(key.scopes),
        "created_at": iso(key.created_at),
        "last_used_at": iso(key.last_used_at),
        "revoked_at": iso(key.revoked_at),
    }


def iso(at: datetime | None) -> str | None:
    """Return a time that may be unknown as the API shows it."""
    return None if at is None else clock.iso(at)


def _who(principal: Principal) -> dict[str, Any]:
    return {"workspace": principal.workspace, "name": principal.name, "scopes": sorted(principal.scopes)}


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else str(value)


def _time(text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text!r} is not an ISO 8601 time, as 2026-11-23 or 2026-11-23T10:00:00Z.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
