"""API keys: made once, shown once, kept as a hash.

A key reads ``dl_<prefix>_<secret>``: the prefix finds its row, the SHA-256 of the whole key proves it.
A fast hash will do: 190 random bits cannot be guessed, unlike a password.
"""

import datetime as dt
import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable

from sqlmodel import Session

from app.errors import NotFound, Unauthorized
from app.models import ApiKey
from app.queries import keys, lookups
from app.queries.keys import Key
from app.queries.prepared import Reads
from app.vocab import Scope

_ALPHABET = string.ascii_letters + string.digits
_KEY = re.compile(r"dl_([A-Za-z0-9]{8})_[A-Za-z0-9]{32}")


def create_key(session: Session, *, name: str, scopes: Iterable[Scope]) -> tuple[ApiKey, str]:
    """A new key's row, and the key itself, which nobody can read again."""
    prefix, secret = _random(8), _random(32)
    key = f"dl_{prefix}_{secret}"
    row = ApiKey(
        name=name,
        prefix=prefix,
        sha256=_hash(key),
        scopes=sorted(scope.value for scope in scopes),
        created_at=dt.datetime.now(dt.UTC),
    )
    session.add(row)
    session.flush()
    return row, key


async def find_key(reads: Reads, token: str) -> Key:
    """The key that the token is, where it is known and not revoked; raises Unauthorized otherwise."""
    match = _KEY.fullmatch(token)
    key = await keys.by_prefix(reads, match[1]) if match else None
    # Hash and compare even without a row, so that the time taken tells nothing about prefixes.
    known = hmac.compare_digest(_hash(token), key.sha256 if key else _hash(""))
    if key is None or not known or key.revoked:
        raise Unauthorized("The key is not known, or was revoked.")
    return key


def revoke_key(session: Session, prefix: str) -> None:
    row = lookups.one(session, ApiKey, prefix=prefix)
    if row is None:
        raise NotFound(f"There is no key with the prefix {prefix}.")
    row.revoked_at = row.revoked_at or dt.datetime.now(dt.UTC)


def allows(key: Key, needed: Scope) -> bool:
    return any(scope.includes(needed) for scope in key.scopes)


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _hash(key: str) -> str:
    # A header may hold any byte; surrogateescape keeps an odd one from raising.
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
