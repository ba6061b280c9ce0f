"""Who is meant: sources and speakers by slug, id, name or alias."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, Text, bindparam, literal, or_, select, union_all

from app.core.errors import Ambiguous, Invalid
from app.core.spans import make_match_key
from app.database.models import Record
from app.database.statements import PreparedSelect, ReadSession, Values
from app.database.tables import NOW, Table
from app.queries.lookups import has_key
from app.schemas.common import MAX_ID, split_commas

# One request may give so many: each is a part of one statement, of which SQLite allows 500.
MOST = 100

Within = tuple[type[Record], int | str]
"""The record that a list belongs to: what it is, and its id or slug."""


Kind = tuple[bool, bool]
"""Whether a name is a source's, and whether it is an id."""


class NameMatch(NamedTuple):
    """Who may be meant by the name in this place."""

    place: int
    id: int
    slug: str | None
    name: str | None


class Missing(Exception):
    """There is no such record now; what it was, the past may tell."""

    def __init__(self, model: type[Record], ref: int | str) -> None:
        self.model = model
        self.ref = ref


@dataclass(frozen=True)
class RequestedName:
    """One name that a filter gives: of a source or a speaker, under which parameter."""

    field: str
    name: str

    @property
    def is_source(self) -> bool:
        return self.field == "source"

    @property
    def kind(self) -> Kind:
        return self.is_source, self.id is not None

    @property
    def id(self) -> int | None:
        return int(self.name) if self.name.isascii() and self.name.isdigit() else None


async def resolve_names(
    reads: ReadSession, filters: Mapping[str, str | None], *, within: Within | None = None
) -> dict[str, list[int]]:
    """The ids that each filter (``source``, ``speaker``, ``via``) names, in one statement for all of them.

    A slug beats a name. Raises Invalid for a name that nobody bears, and Ambiguous, with the
    candidates, for one that several do. A list that belongs to one record names it as ``within``; its
    id then stands under that word, or Missing is raised.
    """
    asked = [RequestedName(field, name) for field, text in filters.items() for name in split_commas(text)]
    if len(asked) > MOST:
        raise Invalid(asked[MOST].field, f"a request may give {MOST} names at most")
    if not asked and within is None:
        return {}
    rows = await reads.fetch(_statement(tuple(who.kind for who in asked), _kind_of(within)), _values(asked, within))
    found = [NameMatch(*row) for row in rows]
    ids: dict[str, list[int]] = {}
    if within is not None:
        ids["within"] = [row.id for row in found if row.place == len(asked)]
        if not ids["within"]:
            raise Missing(*within)
    for place, who in enumerate(asked):
        candidates = [row for row in found if row.place == place]
        exact = [row for row in candidates if row.slug == who.name or row.id == who.id]
        ids.setdefault(who.field, []).append(_the_one(who, exact or candidates))
    return ids


def _kind_of(within: Within | None) -> tuple[type[Record], bool] | None:
    return None if within is None else (within[0], isinstance(within[1], int))


def _values(asked: Sequence[RequestedName], within: Within | None) -> Values:
    values: dict[str, Any] = {}
    for place, who in enumerate(asked):
        if who.id is not None:
            values[f"id_{place}"] = min(who.id, MAX_ID)
        else:
            values |= {f"name_{place}": who.name, f"key_{place}": make_match_key(who.name)}
    return values if within is None else {**values, "within": within[1]}


@lru_cache(maxsize=256)
def _statement(kinds: Sequence[Kind], within: tuple[type[Record], bool] | None) -> PreparedSelect:
    selects = [_candidates(place, *kind) for place, kind in enumerate(kinds)]
    if within is not None:
        selects.append(_owner(len(kinds), *within))
    return PreparedSelect(select(union_all(*selects).subquery()), with_state=True)


def _owner(place: int, model: type[Record], by_id: bool) -> Select[Any]:
    table: Table = model
    nothing = literal(None, Text)
    head = (literal(place).label("place"), table.id.label("id"), nothing.label("slug"), nothing.label("name"))
    return select(*head).where(has_key(table, bindparam("within", type_=BigInteger if by_id else Text, required=True)))


def _candidates(place: int, is_source: bool, by_id: bool) -> Select[Any]:
    table, alias = (NOW.source, NOW.source_alias) if is_source else (NOW.speaker, NOW.speaker_alias)
    owner = alias.source_id if is_source else alias.speaker_id
    columns = (literal(place).label("place"), table.id, table.slug, table.name)
    if by_id:
        return select(*columns).where(table.id == bindparam(f"id_{place}", required=True))
    name: Any = bindparam(f"name_{place}", required=True)
    key: Any = bindparam(f"key_{place}", required=True)
    bears_alias = table.id.in_(select(owner).where(alias.name_key == key))
    return select(*columns).where(or_(table.slug == name, table.name_key == key, bears_alias))


def _the_one(who: RequestedName, rows: Sequence[NameMatch]) -> int:
    noun = "source" if who.is_source else "speaker"
    if not rows:
        raise Invalid(who.field, f"no {noun} is called {who.name!r}")
    if len(rows) > 1:
        names = [{"id": row.id, "slug": row.slug, "name": row.name} for row in rows]
        raise Ambiguous(who.field, f"{who.name!r} may be any of {len(rows)} {noun}s; use a slug", candidates=names)
    return rows[0].id
