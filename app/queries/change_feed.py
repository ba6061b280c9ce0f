"""The change feed: changes after a revision, of all nouns, some of them, or the records of a saved search."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, cast

import orjson

from app.core.vocab import Noun, Operation
from app.database.reads import ReadSession
from app.queries.listing import PageRequest, SortKey
from app.queries.lists import LISTS
from app.queries.revisions import Change, ChangeListing
from app.queries.saved_searches import SavedQuery, build_filters

# Records that are looked up in one statement.
_BATCH = 100


@dataclass(frozen=True)
class ChangeSelection:
    """The changes that a client receives: without nouns, or without operations, those of all.

    ``search`` is a saved search: of its noun, the changes whose record matches now, and all deletions, since a deleted
    record cannot be matched any more.
    """

    nouns: frozenset[Noun] = frozenset()
    operations: frozenset[Operation] = frozenset()
    search: tuple[Noun, str] | None = None

    def may_include(self, change: Change) -> bool:
        """Return False if noun or operation exclude the change; the search may still exclude its record."""
        return (
            (not self.nouns or change.noun in self.nouns)
            and (not self.operations or change.operation in self.operations)
            and (self.search is None or change.noun is self.search[0])
        )


class Position(NamedTuple):
    """The last change that a client has read: a place in a revision, or None for the whole revision."""

    revision: int
    place: int | None = None


@dataclass(frozen=True)
class RevisionChanges:
    """Changes of whole revisions; ``until`` is the last revision that was read, even if it had no such change."""

    changes: Sequence[Change]
    until: int


@dataclass(frozen=True)
class ChangePage:
    """Some changes, and the ``position`` after which the next page begins."""

    changes: Sequence[Change]
    position: Position


async def get_next_changes(
    reads: ReadSession, selection: ChangeSelection, since: int, *, limit: int = 500
) -> RevisionChanges:
    """Return the selected changes of the revisions after ``since``, of whole revisions with about ``limit`` changes.

    With a search each change has its ``item``. Raises Invalid if the search names a source or speaker that does not
    exist any more.
    """
    changes, last = await ChangeListing(since).read(reads, PageRequest("revision", limit))
    until = max(since, reads.state.revision)
    if last is not None:
        complete = [change for change in changes if change.revision < int(last[0])]
        changes = complete or await _read_whole_revision(reads, since, changes, last)
        until = changes[-1].revision
    return RevisionChanges(await _select_changes(reads, selection, changes), until)


async def _read_whole_revision(
    reads: ReadSession, since: int, begun: Sequence[Change], last: tuple[SortKey, int]
) -> Sequence[Change]:
    """Return all changes of a revision that has more changes than one page."""
    changes, revision, after = list(begun), last[0], cast(tuple[SortKey, int] | None, last)
    while after is not None and after[0] == revision:
        more, after = await ChangeListing(since).read(reads, PageRequest("revision", len(begun), after=after))
        changes += more
    return [change for change in changes if change.revision == revision]


async def get_page(
    reads: ReadSession, selection: ChangeSelection, position: Position, *, limit: int = 500
) -> ChangePage:
    """Return the selected of the next ``limit`` changes after ``position``; raise Invalid as ``get_next_changes``."""
    since, after = position.revision, None
    if position.place is not None:
        since, after = since - 1, (position.revision, position.place)
    changes, last = await ChangeListing(since).read(reads, PageRequest("revision", limit, after=after))
    end = Position(int(last[0]), last[1]) if last else Position(max(position.revision, reads.state.revision))
    return ChangePage(await _select_changes(reads, selection, changes), end)


async def _select_changes(
    reads: ReadSession, selection: ChangeSelection, changes: Sequence[Change]
) -> Sequence[Change]:
    selected = [change for change in changes if selection.may_include(change)]
    if selection.search is None:
        return selected
    existing = {change.id for change in selected if change.operation is not Operation.DELETE}
    items = await _get_matching_items(reads, *selection.search, sorted(existing))
    return [
        replace(change, item=None if change.operation is Operation.DELETE else items[change.id])
        for change in selected
        if change.operation is Operation.DELETE or change.id in items
    ]


async def _get_matching_items(reads: ReadSession, noun: Noun, query: str, ids: Sequence[int]) -> dict[int, str]:
    """Return the items of those of the records that match the search, by id."""
    filters = build_filters(SavedQuery(noun, query), {})
    if filters.id is not None:
        own_ids = {int(word) for word in filters.id.split(",")}
        ids = [ident for ident in ids if ident in own_ids]
    items: dict[int, str] = {}
    for start in range(0, len(ids), _BATCH):
        batch = ",".join(map(str, ids[start : start + _BATCH]))
        listing = await LISTS[noun].get_listing(reads, filters.model_copy(update={"id": batch}))
        page = await listing.page(reads, PageRequest(filters.sort, _BATCH))
        for item in map(orjson.loads, page.items):  # PostgreSQL puts line breaks into its JSON
            items[item["id"]] = orjson.dumps(item).decode()
    return items
