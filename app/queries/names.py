"""Who is meant: sources and speakers by slug, id, name or alias."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Text, literal, or_, select, union_all
from sqlmodel import Session

from app.errors import Ambiguous, Invalid
from app.models import Record
from app.queries import records
from app.queries.addresses import named
from app.queries.tables import NOW, Table
from app.schemas.common import MAX_ID, comma_list
from app.spans import match_key

# One request may give so many: each is a part of one statement, of which SQLite allows 500.
MOST = 100

Within = tuple[type[Record], int | str]
"""The record that a list belongs to: what it is, and its id or slug."""


@dataclass(frozen=True)
class Asked:
    """One name that a filter gives: of a source or a speaker, under which parameter."""

    field: str
    name: str

    @property
    def is_source(self) -> bool:
        return self.field == "source"

    @property
    def id(self) -> int | None:
        return int(self.name) if self.name.isascii() and self.name.isdigit() else None


def resolve(session: Session, filters: dict[str, str | None], *, within: Within | None = None) -> dict[str, list[int]]:
    """The ids that each filter (``source``, ``speaker``, ``via``) names, in one statement for all of them.

    A slug beats a name. Raises Invalid for a name that nobody bears, and Ambiguous, with the
    candidates, for one that several do. A list that belongs to one record names it as ``within``; its
    id then stands under that word, or NotFound or Gone is raised.
    """
    asked = [Asked(field, name) for field, text in filters.items() for name in comma_list(text)]
    if len(asked) > MOST:
        raise Invalid(asked[MOST].field, f"a request may give {MOST} names at most")
    selects = [_candidates(place, who) for place, who in enumerate(asked)]
    if within is not None:
        selects.append(_owner(len(asked), *within))
    found = session.execute(union_all(*selects)).all() if selects else []
    ids: dict[str, list[int]] = {}
    if within is not None:
        ids["within"] = [row.id for row in found if row.place == len(asked)]
        if not ids["within"]:
            raise records.missing(session, *within)
    for place, who in enumerate(asked):
        candidates = [row for row in found if row.place == place]
        exact = [row for row in candidates if row.slug == who.name or row.id == who.id]
        ids.setdefault(who.field, []).append(_the_one(who, exact or candidates))
    return ids


def _owner(place: int, model: type[Record], ref: int | str) -> Select[Any]:
    table: Table = model
    nothing = literal(None, Text)
    return select(literal(place).label("place"), table.id, nothing.label("slug"), nothing.label("name")).where(
        named(table, ref)
    )


def _candidates(place: int, who: Asked) -> Select[int, int, str, str]:
    table, alias = (NOW.source, NOW.source_alias) if who.is_source else (NOW.speaker, NOW.speaker_alias)
    owner = alias.source_id if who.is_source else alias.speaker_id
    columns = (literal(place).label("place"), table.id, table.slug, table.name)
    if who.id is not None:
        return select(*columns).where(table.id == min(who.id, MAX_ID))
    key = match_key(who.name)
    bears_alias = table.id.in_(select(owner).where(alias.name_key == key))
    return select(*columns).where(or_(table.slug == who.name, table.name_key == key, bears_alias))


def _the_one(who: Asked, candidates: Iterable[Table]) -> int:
    rows = list(candidates)
    noun = "source" if who.is_source else "speaker"
    if not rows:
        raise Invalid(who.field, f"no {noun} is called {who.name!r}")
    if len(rows) > 1:
        names = [{"id": row.id, "slug": row.slug, "name": row.name} for row in rows]
        raise Ambiguous(who.field, f"{who.name!r} may be any of {len(rows)} {noun}s; use a slug", candidates=names)
    return int(rows[0].id)
