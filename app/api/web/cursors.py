"""Keyset cursors: where a page begins, sealed together with the list it belongs to.

A cursor is opaque: base64url of the last row's sort key and id, and of a checksum over these and
the filters. It holds no secret and grants nothing; the checksum only tells a cursor that was cut
short, altered or carried over to another list.
"""

import base64
import binascii
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from pydantic import BaseModel

from app.core.errors import Invalid
from app.database.statements import ReadSession
from app.queries.listing import Page, Paged, PageRequest, SortKey

Find = Callable[[ReadSession], Awaitable[Paged]]
"""Says which list is meant: looks up the names in the request, and no more."""

_SEAL = 9
# Parameters that may change from page to page.
_FREE = {"cursor", "limit", "count", "format", "flat", "bom"}


def encode(last: tuple[SortKey, int], *, path: str, filters: BaseModel) -> str:
    payload = orjson.dumps(last)
    return base64.urlsafe_b64encode(_seal(payload, path, filters) + payload).rstrip(b"=").decode()


def decode(cursor: str, *, path: str, filters: BaseModel) -> tuple[SortKey, int]:
    """The key and id that ``encode`` was given; raises Invalid for anything it did not make for this list."""
    try:
        raw = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if base64.urlsafe_b64encode(raw).rstrip(b"=") != cursor.encode():
            raise ValueError("not as encode() writes it")  # the last sign has bits that decoding ignores
        key, ident = _unsealed(raw, path, filters)
    except (ValueError, binascii.Error, UnicodeEncodeError):
        raise Invalid("cursor", "not a cursor of this list; follow a page's next link") from None
    return key, ident


async def fetch_page(found: Paged, reads: ReadSession, part: PageRequest) -> Page:
    """The page of the list; raises Invalid where its cursor has a key that the list cannot have."""
    try:
        return await found.page(reads, part)
    except ValueError:
        raise Invalid("cursor", "not a cursor of this list; follow a page's next link") from None


def _unsealed(raw: bytes, path: str, filters: BaseModel) -> tuple[Any, int]:
    seal, payload = raw[:_SEAL], raw[_SEAL:]
    if seal != _seal(payload, path, filters):
        raise ValueError("seal")
    key, ident = orjson.loads(payload)
    return key, ident


def _seal(payload: bytes, path: str, filters: BaseModel) -> bytes:
    bound = orjson.dumps([path, filters.model_dump(mode="json", exclude=_FREE)])
    return hashlib.blake2b(payload, key=hashlib.sha256(bound).digest(), digest_size=_SEAL).digest()
