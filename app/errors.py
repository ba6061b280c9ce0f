"""The one tree of errors that reach a user, each with its HTTP status on the class.

    DatelineError                 500
    ├── BadRequest                400  the body cannot be read
    ├── Unauthorized              401  no key, or one that is not known
    ├── Forbidden                 403  the key lacks the scope
    ├── NotFound                  404
    ├── Gone                      410  it existed, and was deleted
    ├── MethodNotAllowed          405
    ├── Conflict                  409  it clashes with what the store holds
    │   └── InUse                 409  other records rest on it
    ├── PreconditionFailed        412  it changed since the revision named by If-Match
    ├── TooLarge                  413
    ├── Invalid                   422  a parameter or field is wrong; names it
    │   └── Ambiguous             422  a name fits several records; lists them
    ├── TooManyRequests           429  the rate limit is used up
    ├── NotInstalled              501  it needs what this server does not have
    ├── Busy                      503  the store has no room for one more just now
    │   └── TooSlow               503  the query took too long and was interrupted
    └── NotMigrated               503  the store's tables are not those of this version

They are raised anywhere below the routers and become RFC 9457 problems in ``web/problems.py``;
the ``dateline`` command prints their message.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class DatelineError(Exception):
    status: ClassVar[int] = 500
    slug: ClassVar[str] = "internal-error"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None, **extensions: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.extensions = extensions


class BadRequest(DatelineError):
    status = 400
    slug = "bad-request"
    title = "The request cannot be read"


class Unauthorized(DatelineError):
    status = 401
    slug = "unauthorized"
    title = "A valid key is needed"


class Forbidden(DatelineError):
    status = 403
    slug = "forbidden"
    title = "The key's scope does not cover this"


class NotFound(DatelineError):
    status = 404
    slug = "not-found"
    title = "Not found"


class MethodNotAllowed(DatelineError):
    status = 405
    slug = "method-not-allowed"
    title = "The address has no such method"


class Gone(DatelineError):
    status = 410
    slug = "gone"
    title = "Deleted"


class Conflict(DatelineError):
    status = 409
    slug = "conflict"
    title = "Conflict with what the store holds"


class InUse(Conflict):
    slug = "in-use"
    title = "Other records rest on it"


class PreconditionFailed(DatelineError):
    status = 412
    slug = "precondition-failed"
    title = "Changed in the meantime"


class TooLarge(DatelineError):
    status = 413
    slug = "too-large"
    title = "The request's body is too large"


class Invalid(DatelineError):
    """A wrong value: ``field`` is the parameter's name or the path of the field in the body."""

    status = 422
    slug = "invalid"
    title = "A parameter or field is wrong"

    def __init__(self, field: str | Sequence[str | int], detail: str, **extensions: Any) -> None:
        path = field if isinstance(field, str) else ".".join(str(part) for part in field)
        errors = extensions.pop("errors", [{"field": path, "detail": detail}])
        super().__init__(f"{path}: {detail}", errors=errors, **extensions)


class Ambiguous(Invalid):
    slug = "ambiguous"
    title = "The name fits several records"


class TooManyRequests(DatelineError):
    status = 429
    slug = "too-many-requests"
    title = "The rate limit is used up"


class NotInstalled(DatelineError):
    status = 501
    slug = "not-installed"
    title = "This server lacks what that needs"


class Busy(DatelineError):
    status = 503
    slug = "busy"
    title = "The store is busy"


class TooSlow(Busy):
    slug = "too-slow"
    title = "The query took too long"


class NotMigrated(DatelineError):
    status = 503
    slug = "not-migrated"
    title = "The store is not migrated"
