"""The versions of a document, each compared with the one before it."""

from dataclasses import dataclass
from typing import Any

import orjson

from app.analysis.versions import CapturedStatement, compare_statements, compare_texts
from app.database.reads import ReadSession
from app.queries import versions
from app.queries.listing import Page, PageRequest
from app.queries.versions import Capture, CaptureKey

# Texts in memory at a time: a page with a higher limit ends after these.
_MAX_TEXTS = 50


async def get_listing(reads: ReadSession, document: int) -> "VersionListing":
    """Return all versions of the document's item; raise Missing if there is no such document."""
    return VersionListing(await versions.list_capture_keys(reads, document))


@dataclass(frozen=True)
class VersionListing:
    """The captures with these keys, oldest first (``DocumentVersion``)."""

    keys: list[CaptureKey]

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        pairs = list(zip(self.keys, [None, *self.keys], strict=False))
        if request.sort.startswith("-"):
            pairs.reverse()
        if request.after is not None:
            after = CaptureKey(str(request.after[0]), request.after[1])
            pairs = pairs[[key for key, _ in pairs].index(after) + 1 :]
        page = pairs[: min(request.limit, _MAX_TEXTS)]
        captures = await versions.get_captures(reads, {key.id for pair in page for key in pair if key})
        items = []
        for key, previous in page:
            comparison = None if previous is None else _compare(previous.id, captures[previous.id], captures[key.id])
            items.append(orjson.dumps(captures[key.id].item | {"comparison": comparison}).decode())
        last = page[-1][0] if len(pairs) > len(page) else None
        return Page(items, last and (last.retrieved_at, last.id))

    async def count(self, _reads: ReadSession) -> int:
        """Return the number of versions."""
        return len(self.keys)


def _compare(before_id: int, before: Capture, after: Capture) -> dict[str, Any]:
    """Build the changes from one capture to the next (``VersionChanges``)."""
    edit = compare_texts(before.text, after.text)
    moves = compare_statements(_get_statements(before), _get_statements(after))
    by_id = {statement["id"]: statement for statement in (*before.statements, *after.statements)}
    return {
        "previous_id": before_id,
        "is_text_unchanged": before.text == after.text,
        "similarity": round(edit.similarity, 4),
        "added_length": edit.added,
        "removed_length": edit.removed,
        "unchanged_statements": [{"id": pair.after.id, "previous_id": pair.before.id} for pair in moves.unchanged],
        "changed_statements": [
            {
                "id": pair.after.id,
                "similarity": round(pair.similarity, 4),
                "previous": by_id[pair.before.id],
                "current": by_id[pair.after.id],
            }
            for pair in moves.changed
        ],
        "removed_statements": [by_id[statement.id] for statement in moves.removed],
        "added_statements": [by_id[statement.id] for statement in moves.added],
    }


def _get_statements(capture: Capture) -> list[CapturedStatement]:
    return [
        CapturedStatement(statement["id"], statement["speaker"] and statement["speaker"]["id"], statement["words"])
        for statement in capture.statements
    ]
