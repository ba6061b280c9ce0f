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
    ├── Refused                   422  an address may not, or cannot, be fetched; never says which
    ├── Unreadable                422  a page has no article, or none that can be got at
    ├── TooManyRequests           429  the rate limit is used up
    ├── NotInstalled              501  it needs what this server does not have
    ├── FetchFailed               502  an address was reached, but did not give what was asked for
    ├── Busy                      503  the store has no room for one more just now
    │   └── TooSlow               503  the query took too long and was interrupted
    └── NotMigrated               503  the store's tables are not those of this version

They are raised anywhere below the routers and become RFC 9457 problems in ``web/problems.py``;
the ``dateline`` command prints their message.
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


class Unreadable(DatelineError):
    status = 422
    slug = "unreadable-page"
    title = "The page cannot be read"


class Refused(DatelineError):
    """An address that may not be fetched, or that nothing was reached at.

    All of them read alike, so that nobody learns from a refusal which hosts exist, which addresses they have, or which
    rule an address broke.
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
    title = "This server lacks what that needs"


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
    """An address was reached and did not give what was asked for; ``reason`` says how.

    With ``status`` go ``answered``, the HTTP status, and ``retry_after``, the seconds after which the host wants to be
    asked again, if it said so.
    """

    status = 502
    slug = "fetch-failed"
    title = "The address did not give what was asked for"

    def __init__(self, reason: FetchFailure, *, answered: int | None = None, retry_after: int | None = None) -> None:
        known = {"reason": reason, "answered": answered, "retry_after": retry_after}
        super().__init__(
            _FETCH_FAILURES[reason].format(answered=answered),
            None,
            **{name: value for name, value in known.items() if value is not None},
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
