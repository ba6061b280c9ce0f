"""The versions of a document, each compared with the one before it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from app.analysis.versions import CapturedStatement, StatementPair, compare_statements, compare_texts
from app.database.statements import ReadSession
from app.queries import versions
from app.queries.listing import Page, PageRequest
from app.queries.versions import Capture, Place

# So many texts are in memory at a time: a page of more says where the next begins.
_MOST = 50


async def get_listing(reads: ReadSession, document: int) -> "Versions":
    """All versions of the document's item; raises Missing."""
    return Versions(await versions.list_places(reads, document))


@dataclass(frozen=True)
class Versions:
    """The captures at these ``places`` (``DocumentVersion``)."""

    places: list[Place]

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        order = list(_with_one_before(self.places))
        if request.sort.startswith("-"):
            order.reverse()
        if request.after is not None:
            order = order[[place for place, _ in order].index((str(request.after[0]), request.after[1])) + 1 :]
        shown = order[: min(request.limit, _MOST)]
        found = await versions.get_captures(reads, {place[1] for pair in shown for place in pair if place})
        items = [_item(place[1], before and before[1], found) for place, before in shown]
        return Page([orjson.dumps(item).decode() for item in items], shown[-1][0] if len(order) > len(shown) else None)

    async def count(self, _reads: ReadSession) -> int:
        return len(self.places)


def _with_one_before(places: list[Place]) -> Iterator[tuple[Place, Place | None]]:
    return zip(places, [None, *places], strict=False)


def _item(ident: int, before: int | None, found: Mapping[int, Capture]) -> dict[str, Any]:
    here = found[ident]
    return here.item | {"changes": None if before is None else _changes(before, found[before], here)}


def _changes(ident: int, before: Capture, after: Capture) -> dict[str, Any]:
    edit = compare_texts(before.text, after.text)
    moves = compare_statements(_printed(before), _printed(after))
    of = {each["id"]: each for each in (*before.statements, *after.statements)}
    return {
        "since": ident,
        "same_text": before.text == after.text,
        "similarity": round(edit.similarity, 4),
        "added": edit.added,
        "removed": edit.removed,
        "stayed": [{"id": pair.after.id, "before": pair.before.id} for pair in moves.unchanged],
        "changed": [_changed(pair, of) for pair in moves.changed],
        "went": [of[each.id] for each in moves.removed],
        "came": [of[each.id] for each in moves.added],
    }


def _changed(pair: StatementPair, of: Mapping[int, dict[str, Any]]) -> dict[str, Any]:
    before, after = of[pair.before.id], of[pair.after.id]
    return {"id": pair.after.id, "similarity": round(pair.similarity, 4), "before": before, "after": after}


def _printed(capture: Capture) -> list[CapturedStatement]:
    return [
        CapturedStatement(each["id"], each["speaker"] and each["speaker"]["id"], each["words"])
        for each in capture.statements
    ]
