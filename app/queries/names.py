"""Sources and speakers that a request names by slug, id, name or alias."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, Text, bindparam, literal, or_, select, union_all

from app.core.errors import Ambiguous, Invalid
from app.core.spans import make_match_key
from app.database.models import Record
from app.database.reads import PreparedSelect, ReadSession, Values
from app.database.tables import NOW, Table
from app.queries.lookups import has_key
from app.schemas.common import MAX_ID, split_commas

# Names in one request: each is a part of one statement, of which SQLite allows 500.
_MAX_NAMES = 100

Within = tuple[type[Record], int | str]
"""The record that a list belongs to: its model, and its id or slug."""


class Missing(Exception):
    """Raised when there is no such record now; its history may have it."""

    def __init__(self, model: type[Record], ref: int | str) -> None:
        self.model = model
        self.ref = ref


class _NameMatch(NamedTuple):
    """A row that the name at this place in the request may mean."""

    place: int
    id: int
    slug: str | None
    name: str | None


class _NameKind(NamedTuple):
    """The two properties of a name that shape the SQL."""

    is_source: bool
    is_id: bool


@dataclass(frozen=True)
class _RequestedName:
    """A name of a source or a speaker, and the filter that gives it."""

    field: str
    name: str

    @property
    def is_source(self) -> bool:
        return self.field == "source"

    @property
    def kind(self) -> _NameKind:
        return _NameKind(self.is_source, self.id is not None)

    @property
    def id(self) -> int | None:
        return int(self.name) if self.name.isascii() and self.name.isdigit() else None


async def resolve_names(
    reads: ReadSession, filters: Mapping[str, str | None], *, within: Within | None = None
) -> dict[str, list[int]]:
    """Return the ids that each filter (``source``, ``speaker``, ``via``) names, by filter, from one statement.

    A slug has precedence over a name. Raises Invalid for an unknown name, and Ambiguous, with the candidates, for a
    name of several records. If the list belongs to one record, pass that as ``within``; its id is returned under that
    word, or Missing is raised.
    """
    names = [_RequestedName(field, word) for field, text in filters.items() for word in split_commas(text)]
    if len(names) > _MAX_NAMES:
        raise Invalid(names[_MAX_NAMES].field, f"a request may give {_MAX_NAMES} names at most")
    if not names and within is None:
        return {}
    owner = None if within is None else (within[0], isinstance(within[1], int))
    query = _select_matches(tuple(name.kind for name in names), owner)
    matches = [_NameMatch(*row) for row in await reads.fetch(query, _values(names, within))]
    ids: dict[str, list[int]] = {}
    if within is not None:
        ids["within"] = [match.id for match in matches if match.place == len(names)]
        if not ids["within"]:
            raise Missing(*within)
    for place, name in enumerate(names):
        candidates = [match for match in matches if match.place == place]
        exact = [match for match in candidates if match.slug == name.name or match.id == name.id]
        ids.setdefault(name.field, []).append(_get_only_id(name, exact or candidates))
    return ids


def _values(names: Sequence[_RequestedName], within: Within | None) -> Values:
    values: dict[str, Any] = {}
    for place, name in enumerate(names):
        if name.id is not None:
            values[f"id_{place}"] = min(name.id, MAX_ID)
        else:
            values |= {f"name_{place}": name.name, f"key_{place}": make_match_key(name.name)}
    return values if within is None else {**values, "within": within[1]}


@lru_cache(maxsize=256)
def _select_matches(kinds: Sequence[_NameKind], owner: tuple[type[Record], bool] | None) -> PreparedSelect:
    selects = [_select_named(place, *kind) for place, kind in enumerate(kinds)]
    if owner is not None:
        selects.append(_select_owner(len(kinds), *owner))
    return PreparedSelect(select(union_all(*selects).subquery()), with_state=True)


def _select_owner(place: int, model: type[Record], by_id: bool) -> Select[Any]:
    table: Table = model
    nothing = literal(None, Text)
    columns = (literal(place).label("place"), table.id.label("id"), nothing.label("slug"), nothing.label("name"))
    ref = bindparam("within", type_=BigInteger if by_id else Text, required=True)
    return select(*columns).where(has_key(table, ref))


def _select_named(place: int, is_source: bool, by_id: bool) -> Select[Any]:
    table, alias = (NOW.source, NOW.source_alias) if is_source else (NOW.speaker, NOW.speaker_alias)
    owner = alias.source_id if is_source else alias.speaker_id
    columns = (literal(place).label("place"), table.id, table.slug, table.name)
    if by_id:
        return select(*columns).where(table.id == bindparam(f"id_{place}", required=True))
    name: Any = bindparam(f"name_{place}", required=True)
    key: Any = bindparam(f"key_{place}", required=True)
    has_alias = table.id.in_(select(owner).where(alias.name_key == key))
    return select(*columns).where(or_(table.slug == name, table.name_key == key, has_alias))


def _get_only_id(name: _RequestedName, matches: Sequence[_NameMatch]) -> int:
    """Return the id of the only match; raise Invalid if there is none, Ambiguous if there are several."""
    noun = "source" if name.is_source else "speaker"
    if not matches:
        raise Invalid(name.field, f"no {noun} is called {name.name!r}")
    if len(matches) > 1:
        candidates = [{"id": match.id, "slug": match.slug, "name": match.name} for match in matches]
        detail = f"{name.name!r} may be any of {len(matches)} {noun}s; use a slug"
        raise Ambiguous(name.field, detail, candidates=candidates)
    return matches[0].id
