"""Errors as every client of ours understands them (OpenAI's and DashScope's shapes in one body)."""

import logging
import math

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from yunqi.kernel import Conflict, Denied, Error, Exhausted, Invalid, NotFound, Unavailable

log = logging.getLogger("yunqi.http")

_STATUS: tuple[tuple[type[Error], int, str], ...] = (
    (Invalid, 400, "invalid_request_error"),
    (Denied, 403, "permission_error"),
    (NotFound, 404, "not_found_error"),
    (Conflict, 409, "conflict_error"),
    (Exhausted, 429, "rate_limit_error"),
    (Unavailable, 503, "service_unavailable_error"),
)


def status_of(error: Error) -> tuple[int, str]:
    """Return the HTTP status and error type of a kind of error."""
    if error.code == "unauthenticated":
        return 401, "authentication_error"
    if error.code == "card_declined":
        return 402, "payment_error"
    for kind, status, name in _STATUS:
        if isinstance(error, kind):
            return status, name
    return 500, "server_error"


def error_response(
    request: Request, status: int, message: str, *, kind: str, code: str, param: str | None = None
) -> JSONResponse:
    """Build the one error body."""
    request_id = request.scope.get("request_id", "")
    body = {
        "error": {"message": message, "type": kind, "code": code, "param": param},
        "code": code,
        "message": message,
        "request_id": request_id,
    }
    return JSONResponse(body, status_code=status)


def install(app: FastAPI) -> None:
    """Teach the application to answer every failure with the one error body."""
    app.add_exception_handler(Error, _known)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unknown)


async def _known(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Error)
    status, kind = status_of(error)
    response = error_response(request, status, error.message, kind=kind, code=error.code, param=error.param)
    if isinstance(error, Exhausted) and error.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


async def _validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path", "header"))
    message = f"{where or 'The request body'}: {first['msg']}."
    return error_response(request, 400, message, kind="invalid_request_error", code="invalid", param=where or None)


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    message = f"{request.method} {request.url.path}: {error.detail}." if error.status_code == 404 else str(error.detail)
    kind = "not_found_error" if error.status_code == 404 else "invalid_request_error"
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "http_error")
    return error_response(request, error.status_code, message, kind=kind, code=code)


async def _gone(request: Request, error: Exception) -> JSONResponse:
    """Answer nobody: the client left before its request was read whole."""
    return error_response(request, 499, "The client left.", kind="client_error", code="client_left")


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    request_id = request.scope.get("request_id", "")
    log.error("request %s failed", request_id, exc_info=error)
    message = f"Something failed inside the server. The log has the details under request id {request_id}."
    return error_response(request, 500, message, kind="server_error", code="internal_error")
