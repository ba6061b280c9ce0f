"""The errors that reach a user, each with its HTTP status on the class.

    DatelineError                 500
    ├── BadRequest                400  the body cannot be parsed
    ├── Unauthorized              401  no key, or an unknown one
    ├── Forbidden                 403  the key lacks the scope
    ├── NotFound                  404
    ├── Gone                      410  the record was deleted
    ├── MethodNotAllowed          405
    ├── Conflict                  409  it contradicts the store
    │   └── InUse                 409  other records depend on it
    ├── PreconditionFailed        412  it changed since the revision in If-Match
    ├── TooLarge                  413
    ├── Invalid                   422  a parameter or field is wrong; with its name
    │   └── Ambiguous             422  a name fits several records; with their list
    ├── Refused                   422  an address must not or cannot be fetched; the same for both
    ├── Unreadable                422  a page without an article that can be extracted
    ├── TooManyRequests           429  the rate limit is exceeded
    ├── NotInstalled              501  this server lacks a dependency
    ├── FetchFailed               502  an address was reached, but fetching it failed
    ├── Busy                      503  the store has no capacity at the moment
    │   └── TooSlow               503  the query took too long and was interrupted
    └── NotMigrated               503  the store is not at this version's migration

All rooms below the routers raise them; ``api/web/problems.py`` turns them into RFC 9457 problems, and the ``dateline``
command prints their message.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal


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
    title = "Conflict with the records in the store"


class InUse(Conflict):
    slug = "in-use"
    title = "Other records refer to it"


class PreconditionFailed(DatelineError):
    status = 412
    slug = "precondition-failed"
    title = "Changed in the meantime"


class TooLarge(DatelineError):
    status = 413
    slug = "too-large"
    title = "The request's body is too large"


class Invalid(DatelineError):
    """A wrong value; ``field`` is the parameter's name or the path of the field in the body."""

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


class Unreadable(DatelineError):
    status = 422
    slug = "unreadable-page"
    title = "The page cannot be read"


class Refused(DatelineError):
    """An address that must not be fetched, or that could not be reached.

    All refusals are equal, so that none reveals which hosts exist, which addresses they have, or which rule was broken.
    """

    status = 422
    slug = "address-refused"
    title = "The address cannot be fetched"

    def __init__(self) -> None:
        super().__init__("only addresses of the public web can be fetched, over http or https, and this one cannot be")


class TooManyRequests(DatelineError):
    status = 429
    slug = "too-many-requests"
    title = "The rate limit is used up"


class NotInstalled(DatelineError):
    status = 501
    slug = "not-installed"
    title = "This server lacks a part that this needs"


FetchFailure = Literal["timeout", "too-large", "status", "tls", "media-type", "content-encoding", "redirects", "broken"]
_FETCH_FAILURES: dict[FetchFailure, str] = {
    "timeout": "the address took too long to answer",
    "too-large": "the address answered with more than is read",
    "status": "the address answered with status {answered}",
    "tls": "no secure connection with the address could be made",
    "media-type": "the address answered with a type of content that is not read here",
    "content-encoding": "the address answered in a content encoding that was not asked for",
    "redirects": "the address redirects too many times",
    "broken": "the address broke off its answer, or it is not HTTP",
}


class FetchFailed(DatelineError):
    """An address that was reached but could not be fetched, with the ``reason``.

    The reason ``status`` comes with ``answered``, the HTTP status, and ``retry_after``, the seconds of the response's
    ``Retry-After`` header, if any.
    """

    status = 502
    slug = "fetch-failed"
    title = "The fetch of the address failed"

    def __init__(self, reason: FetchFailure, *, answered: int | None = None, retry_after: int | None = None) -> None:
        extensions = {"reason": reason, "answered": answered, "retry_after": retry_after}
        super().__init__(
            _FETCH_FAILURES[reason].format(answered=answered),
            None,
            **{name: value for name, value in extensions.items() if value is not None},
        )
        self.reason = reason
        self.answered = answered
        self.retry_after = retry_after


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
