"""Who a request acts for: an API key, or a console session made from one; or a shopper's cookie."""

import secrets
import time
from typing import Any

from fastapi import Depends, Request, Response

from yunqi.kernel import Denied, Kernel, Principal

SESSION = "yunqi_session"
VISITOR = "yunqi_visitor"
SESSION_SECONDS = 12 * 3600
_VISITOR_SECONDS = 365 * 24 * 3600


class Principals:
    """Reads keys and cookies.

    Parameters
    ----------
    kernel
        Verifies keys and signs cookies.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def require(self, scope: str) -> Any:
        """Return a FastAPI dependency that yields the `Principal` and refuses those without ``scope``."""

        def dependency(request: Request) -> Principal:
            principal = self.of(request)
            principal.require(scope)
            return principal

        return Depends(dependency)

    def of(self, request: Request) -> Principal:
        """Return the request's principal.

        Raises
        ------
        Denied
            With code ``unauthenticated`` when there is no valid key or session.
        """
        principal = self._from_key(request) or self._from_session(request)
        if principal is None:
            raise Denied(
                "This needs an API key: send `Authorization: Bearer sk-...`. `make up` prints the first one.",
                code="unauthenticated",
            )
        request.state.principal = principal
        return principal

    def visitor(self) -> Any:
        """Return a FastAPI dependency that yields the shopper's id, giving new ones a signed cookie."""

        def dependency(request: Request, response: Response) -> str:
            found = self.kernel.auth.unsign("visitor", request.cookies.get(VISITOR, ""))
            if found:
                return found
            visitor = f"v-{secrets.token_hex(12)}"
            self.set_cookie(
                request, response, VISITOR, self.kernel.auth.sign("visitor", visitor), _VISITOR_SECONDS, "lax"
            )
            return visitor

        return Depends(dependency)

    def open_session(self, request: Request, response: Response, secret: str) -> Principal:
        """Check a key and set the console's session cookie for it."""
        principal = self.kernel.auth.verify(secret)
        value = f"{principal.key_id}:{int(time.time()) + SESSION_SECONDS}"
        self.set_cookie(request, response, SESSION, self.kernel.auth.sign("session", value), SESSION_SECONDS, "strict")
        return principal

    def set_cookie(
        self, request: Request, response: Response, name: str, value: str, seconds: int, same_site: Any
    ) -> None:
        """Set a cookie that scripts cannot read."""
        secure = request.url.scheme == "https"
        response.set_cookie(name, value, max_age=seconds, httponly=True, samesite=same_site, secure=secure, path="/")

    def _from_key(self, request: Request) -> Principal | None:
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and secret:
            return self.kernel.auth.verify(secret.strip())
        given = request.headers.get("x-api-key")
        return self.kernel.auth.verify(given) if given else None

    def _from_session(self, request: Request) -> Principal | None:
        value = self.kernel.auth.unsign("session", request.cookies.get(SESSION, ""))
        if not value:
            return None
        key_id, _, expires = value.partition(":")
        if int(expires) < time.time():
            return None
        if request.method not in ("GET", "HEAD") and request.headers.get("x-yunqi") != "1":
            raise Denied("A change from a console session needs the header `X-Yunqi: 1`.", code="csrf")
        return self.kernel.auth.principal_of(int(key_id))
