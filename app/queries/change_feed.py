"""The news of the store: what happened after a revision, for whoever follows all of it, or some nouns, or a search."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import orjson

from app.core.vocab import Noun, Operation
from app.database.statements import ReadSession
from app.queries.listing import PageRequest, SortKey
from app.queries.lists import LISTS
from app.queries.revisions import Change, ChangeListing
from app.queries.saved_searches import SavedQuery, build_filters
from app.schemas.common import RecordParams

# Records that are looked up in one go.
_AT_ONCE = 100


@dataclass(frozen=True)
class ChangeSelection:
    """What somebody follows: no nouns, or no operations, means all of them.

    ``search`` is the noun and the query string of a saved search. It is followed in those of the noun's changes whose
    record matches now, and in all its deletions: what is gone can be matched no more.
    """

    nouns: frozenset[Noun] = frozenset()
    operations: frozenset[Operation] = frozenset()
    search: tuple[Noun, str] | None = None

    def wants(self, change: Change) -> bool:
        """Whether it may be followed, as far as the change itself can tell."""
        return (
            (not self.nouns or change.noun in self.nouns)
            and (not self.operations or change.operation in self.operations)
            and (self.search is None or change.noun is self.search[0])
        )


class Position(NamedTuple):
    """How far a follower has come: to a place in a revision, or, without one, to its end."""

    revision: int
    place: int | None = None


@dataclass(frozen=True)
class RevisionChanges:
    """Changes of whole revisions; ``until`` is the last revision that was looked at, whether or not it had any."""

    changes: Sequence[Change]
    until: int


@dataclass(frozen=True)
class ChangePage:
    """Some changes; ``position`` is where the next piece begins: at a place in a revision where more is there now."""

    changes: Sequence[Change]
    position: Position


async def get_next_changes(
    reads: ReadSession, following: ChangeSelection, since: int, *, most: int = 500
) -> RevisionChanges:
    """What is followed of the revisions after ``since``, of as many as have about ``most`` changes.

    With a search each change comes with its ``item``. Raises Invalid where a search names a source or speaker that is
    there no more.
    """
    found, last = await ChangeListing(since).read(reads, PageRequest("revision", most))
    until = max(since, reads.state.revision)
    if last is not None:
        found = [change for change in found if change.revision < int(last[0])] or await _to_its_end(
            reads, since, found, last
        )
        until = found[-1].revision
    return RevisionChanges(await _followed(reads, following, found), until)


async def _to_its_end(
    reads: ReadSession, since: int, begun: Sequence[Change], last: tuple[SortKey, int]
) -> Sequence[Change]:
    """All changes of a revision that has more than were read."""
    changes, revision, then = list(begun), last[0], cast(tuple[SortKey, int] | None, last)
    while then is not None and then[0] == revision:
        more, then = await ChangeListing(since).read(reads, PageRequest("revision", len(begun), after=then))
        changes += more
    return [change for change in changes if change.revision == revision]


async def get_page(
    reads: ReadSession, following: ChangeSelection, position: Position, *, most: int = 500
) -> ChangePage:
    """What is followed of the next ``most`` changes after ``position``; raises what ``get_next_changes`` does."""
    since, after = position.revision, None
    if position.place is not None:
        since, after = since - 1, (position.revision, position.place)
    found, last = await ChangeListing(since).read(reads, PageRequest("revision", most, after=after))
    then = Position(int(last[0]), last[1]) if last else Position(max(position.revision, reads.state.revision))
    return ChangePage(await _followed(reads, following, found), then)


async def _followed(reads: ReadSession, following: ChangeSelection, changes: Sequence[Change]) -> Sequence[Change]:
    wanted = [change for change in changes if following.wants(change)]
    if following.search is None:
        return wanted
    there = {change.id for change in wanted if change.operation is not Operation.DELETE}
    items = await _matching(reads, *following.search, sorted(there))
    return [
        replace(change, item=None if change.operation is Operation.DELETE else items[change.id])
        for change in wanted
        if change.operation is Operation.DELETE or change.id in items
    ]


async def _matching(reads: ReadSession, noun: Noun, query: str, idents: Sequence[int]) -> dict[int, str]:
    """Those of these records that the search finds, by id, as its list shows them."""
    filters = build_filters(SavedQuery(noun, query), {})
    idents = [ident for ident in idents if ident in _named(filters, idents)]
    found: dict[int, str] = {}
    for start in range(0, len(idents), _AT_ONCE):
        named = ",".join(map(str, idents[start : start + _AT_ONCE]))
        listed = await LISTS[noun].find(reads, filters.model_copy(update={"id": named}))
        rows = await listed.page(reads, PageRequest(filters.sort, _AT_ONCE))
        read = map(orjson.loads, rows.items)  # PostgreSQL breaks its lines
        found |= {item["id"]: orjson.dumps(item).decode() for item in read}
    return found


def _named(filters: RecordParams, idents: Collection[int]) -> Collection[int]:
    """Those of the records that the search itself names, where it names some."""
    return idents if filters.id is None else {int(word) for word in filters.id.split(",")} & set(idents)
