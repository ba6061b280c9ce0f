"""Keyset cursors: the start of a page, sealed together with the list that it belongs to.

A cursor is opaque: base64url of a checksum, and of the last row's sort key and id. It holds no secret and grants
nothing; the checksum only reveals a cursor that was cut short, altered or taken from another list.
"""

import base64
import binascii
import hashlib

import orjson
from pydantic import BaseModel

from app.core.errors import Invalid
from app.queries.listing import SortKey

# Bytes of the checksum.
_SEAL_SIZE = 9
# Parameters that may change from page to page.
_UNSEALED_PARAMETERS = {"cursor", "limit", "count", "format", "flat", "bom"}


def encode(last: tuple[SortKey, int], *, path: str, filters: BaseModel) -> str:
    """Return the cursor after a row, given by its sort key and id, of the list at ``path`` with these filters."""
    payload = orjson.dumps(last)
    return base64.urlsafe_b64encode(_seal(payload, path, filters) + payload).rstrip(b"=").decode()


def decode(cursor: str, *, path: str, filters: BaseModel) -> tuple[SortKey, int]:
    """Return the sort key and id in a cursor; raise ``Invalid`` unless ``encode`` made it for this list."""
    try:
        raw = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if base64.urlsafe_b64encode(raw).rstrip(b"=") != cursor.encode():
            raise ValueError("not as encode() writes it")  # the last character has bits that decoding ignores
        payload = raw[_SEAL_SIZE:]
        if raw[:_SEAL_SIZE] != _seal(payload, path, filters):
            raise ValueError("altered, or of another list")
        sort_key, ident = orjson.loads(payload)
    except (ValueError, binascii.Error, UnicodeEncodeError):
        raise Invalid("cursor", "not a cursor of this list; follow a page's next link") from None
    return sort_key, ident


def _seal(payload: bytes, path: str, filters: BaseModel) -> bytes:
    listing = orjson.dumps([path, filters.model_dump(mode="json", exclude=_UNSEALED_PARAMETERS)])
    return hashlib.blake2b(payload, key=hashlib.sha256(listing).digest(), digest_size=_SEAL_SIZE).digest()
