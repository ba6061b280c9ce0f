"""Who is meant: sources and speakers by slug, id, name or alias."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Select, literal, or_, select, union_all
from sqlmodel import Session

from app.errors import Ambiguous, Invalid
from app.queries.tables import NOW, Table
from app.schemas.common import MAX_ID, comma_list
from app.spans import match_key


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


def resolve(session: Session, filters: dict[str, str | None]) -> dict[str, list[int]]:
    """The ids that each filter (``source``, ``speaker``, ``via``) names, in one statement for all of them.

    A slug beats a name. Raises Invalid for a name that nobody bears, and Ambiguous, with the
    candidates, for one that several do.
    """
    asked = [Asked(field, name) for field, text in filters.items() for name in comma_list(text)]
    if not asked:
        return {}
    found = session.execute(union_all(*(_candidates(place, who) for place, who in enumerate(asked)))).all()
    ids: dict[str, list[int]] = {}
    for place, who in enumerate(asked):
        candidates = [row for row in found if row.place == place]
        exact = [row for row in candidates if row.slug == who.name or row.id == who.id]
        ids.setdefault(who.field, []).append(_the_one(who, exact or candidates))
    return ids


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
