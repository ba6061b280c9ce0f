"""The key that a request carries, looked up by its prefix."""

from collections.abc import Sequence
from dataclasses import dataclass

import orjson
from sqlalchemy import Text, bindparam, cast, select

from app.core.vocab import Scope
from app.database.models import ApiKey
from app.database.statements import PreparedSelect, ReadSession
from app.database.tables import Table

_KEY: Table = ApiKey
_BY_PREFIX = PreparedSelect(
    select(
        _KEY.id,
        _KEY.name,
        _KEY.prefix,
        _KEY.sha256,
        cast(_KEY.scopes, Text),
        cast(_KEY.paths, Text),
        _KEY.revoked_at.is_not(None),
    ).where(_KEY.prefix == bindparam("prefix", required=True))
)


@dataclass(frozen=True)
class Key:
    """An API key as it was found; without ``paths`` it is bound to none."""

    id: int
    name: str
    prefix: str
    sha256: str
    scopes: Sequence[Scope]
    paths: Sequence[str]
    revoked: bool


async def by_prefix(reads: ReadSession, prefix: str) -> Key | None:
    rows = await reads.fetch(_BY_PREFIX, {"prefix": prefix})
    if not rows:
        return None
    ident, name, prefix, sha256, scopes, paths, revoked = rows[0]
    held = [Scope(scope) for scope in orjson.loads(scopes)]
    return Key(ident, name, prefix, sha256, held, orjson.loads(paths or "[]") or [], bool(revoked))
