"""API keys: made once, shown once, stored as a hash.

A key reads ``dl_<prefix>_<secret>``: the prefix finds its row, the SHA-256 of the whole key proves it.
A fast hash will do: 190 random bits cannot be guessed, unlike a password.

A key of the scope ``feeds`` begins with ``dlr_``, so that it is recognized in an address or a log: such a token may
stand in addresses (``?token=``), and reads lists, all of them or those below its paths.
"""

import datetime as dt
import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable

from sqlmodel import Session

from app.core.errors import Invalid, NotFound, Unauthorized
from app.core.vocab import Scope
from app.database.models import ApiKey
from app.database.reads import ReadSession
from app.queries import lookups
from app.queries.lookups import StoredKey

_ALPHABET = string.ascii_letters + string.digits
_KEY = re.compile(r"dlr?_([A-Za-z0-9]{8})_[A-Za-z0-9]{32}")
_PATH = re.compile(r"(/[A-Za-z0-9_.-]+)+")


def create_key(
    session: Session, *, name: str, scopes: Iterable[Scope], paths: Iterable[str] = ()
) -> tuple[ApiKey, str]:
    """Return a new key's row and the key itself, which nobody can read again; raise Invalid for scopes or paths.

    ``paths``, if there are any, are the only addresses, with all below them, that a key of the scope ``feeds`` reads.
    """
    scope_set, path_list = set(scopes), sorted(set(paths))
    _check(scope_set, path_list)
    prefix, secret = _choose_letters(8), _choose_letters(32)
    key = f"{'dlr' if Scope.FEEDS in scope_set else 'dl'}_{prefix}_{secret}"
    row = ApiKey(
        name=name,
        prefix=prefix,
        sha256=_hash(key),
        scopes=sorted(scope.value for scope in scope_set),
        paths=path_list or None,
        created_at=dt.datetime.now(dt.UTC),
    )
    session.add(row)
    session.flush()
    return row, key


def _check(scopes: set[Scope], paths: list[str]) -> None:
    if Scope.FEEDS in scopes and len(scopes) > 1:
        raise Invalid("scope", "a key that may stand in addresses has the scope feeds and no other")
    if paths and Scope.FEEDS not in scopes:
        raise Invalid("path", "only a key of the scope feeds is bound to addresses")
    for path in paths:
        if not _PATH.fullmatch(path):
            raise Invalid("path", "write it as /events or /searches/3, without a slash or a question mark at the end")


def _choose_letters(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


async def find_key(reads: ReadSession, token: str) -> StoredKey:
    """Return the key that the token is; raise Unauthorized if there is no such key, or it is revoked."""
    match = _KEY.fullmatch(token)
    key = await lookups.find_api_key(reads, match[1]) if match else None
    # Hash and compare even without a row, so that the time taken tells nothing about prefixes.
    is_equal = hmac.compare_digest(_hash(token), key.sha256 if key else _hash(""))
    if key is None or not is_equal or key.revoked:
        raise Unauthorized("The key is not known, or was revoked.")
    return key


def check_in_address(token: str) -> None:
    """Raise Unauthorized for a key that may not stand in an address, that is any but those of the scope ``feeds``."""
    if token.startswith("dl_"):
        raise Unauthorized(
            "This key may not stand in an address: addresses are logged and passed on. Revoke it, and send another "
            "as Authorization: Bearer, or make one for addresses: dateline key create NAME --scope feeds."
        )


def revoke_key(session: Session, prefix: str) -> None:
    """Revoke the key with this prefix; raise NotFound if there is none."""
    row = lookups.find_row(session, ApiKey, prefix=prefix)
    if row is None:
        raise NotFound(f"There is no key with the prefix {prefix}.")
    row.revoked_at = row.revoked_at or dt.datetime.now(dt.UTC)


def allows(key: StoredKey, needed: Scope) -> bool:
    """Tell whether a scope of the key is or includes the one that is needed."""
    ranks = list(Scope)  # each includes those before it
    return max(map(ranks.index, key.scopes), default=-1) >= ranks.index(needed)


def covers(key: StoredKey, path: str) -> bool:
    """Tell whether the key is bound to no paths, or to the path, or one above it, segment by segment."""
    return not key.paths or any(path == bound or path.startswith(f"{bound}/") for bound in key.paths)


def _hash(key: str) -> str:
    # A header may hold any byte; surrogateescape keeps an odd one from raising.
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
