"""The error tree of the house.

::

    Error
    ├── Invalid       the caller's input is wrong; says which part and how to put it right   (HTTP 400, exit 2)
    ├── Denied        who asks may not do this                                               (HTTP 401 or 403, exit 1)
    ├── NotFound      the named thing does not exist for this caller                         (HTTP 404, exit 1)
    ├── Conflict      the thing changed or exists already                                    (HTTP 409, exit 1)
    ├── Exhausted     a quota, a queue or a disk is full; may say when to come back          (HTTP 429, exit 1)
    └── Unavailable   a part of the house is not there just now                              (HTTP 503, exit 1)

Domains subclass the kinds. Only the edge turns a kind into an HTTP status or an exit code.
"""


class Error(Exception):
    """A failure that the user can be told about.

    Parameters
    ----------
    message
        What failed, which thing, and what to do next.
    param
        The name of the input that caused it, if one did.
    code
        A stable machine-readable word; defaults to the class's ``code``.
    """

    code = "error"

    def __init__(self, message: str, param: str | None = None, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        if code is not None:
            self.code = code


class Invalid(Error):
    """The caller's input is wrong."""

    code = "invalid"


class Denied(Error):
    """The caller may not do this; ``code`` is ``unauthenticated`` when no valid key was given."""

    code = "denied"


class NotFound(Error):
    """The named thing does not exist for this caller."""

    code = "not_found"


class Conflict(Error):
    """The thing exists already or changed meanwhile."""

    code = "conflict"


class Exhausted(Error):
    """A quota, a queue or a disk is full.

    Parameters
    ----------
    retry_after
        Seconds after which a retry may succeed, if that is known.
    """

    code = "exhausted"

    def __init__(
        self, message: str, param: str | None = None, *, code: str | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(message, param, code=code)
        self.retry_after = retry_after


class Unavailable(Error):
    """A part of the house is not there just now."""

    code = "unavailable"
