"""The origins of an event or an utterance as a list: each with the documents that rest on it, and the reasons."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.analysis.origin_rows import OriginKeyResolver, OriginRows, SourcedDocument, SourceRef
from app.analysis.origins import Basis, Evidence, Origin, find_event_origins, find_utterance_origins
from app.database.reads import ReadSession
from app.queries import origins as queries
from app.queries.listing import Page, PageRequest
from app.queries.origins import OriginItems, ProvenanceRows
from app.schemas.origin import OriginKind


async def get_event_listing(reads: ReadSession, event: int) -> "OriginListing":
    """Return the origins of the reports of an event; raise Missing if there is no such event."""
    rows = await queries.get_event_rows(reads, event)
    return OriginListing(await _find_origins(reads, rows, find_event_origins), event)


async def get_utterance_listing(reads: ReadSession, utterance: int) -> "OriginListing":
    """Return the origins of the printings of an utterance; raise Missing if there is no such utterance."""
    rows = await queries.get_utterance_rows(reads, utterance)
    return OriginListing(await _find_origins(reads, rows, find_utterance_origins), None)


async def _find_origins(
    reads: ReadSession,
    rows: ProvenanceRows,
    find: Callable[[Sequence[SourcedDocument], OriginKeyResolver], list[Origin]],
) -> list[Origin]:
    origin_rows = OriginRows(*rows)
    resolver = OriginKeyResolver(*await queries.get_name_bearers(reads, origin_rows.list_agency_keys()))
    return [origin for documents in origin_rows.documents.values() for origin in find(documents, resolver)]


@dataclass(frozen=True)
class OriginListing:
    """The origins of an ``event`` or an utterance (``OriginPublic``), in the order in which they appeared."""

    origins: Sequence[Origin]
    event: int | None

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        ordered = list(self.origins)
        if request.sort.endswith("documents"):
            ordered.sort(key=lambda origin: len(origin.evidence), reverse=request.sort.startswith("-"))
        elif request.sort.startswith("-"):
            ordered.reverse()
        if request.after is not None:
            ordered = ordered[[origin.key.key for origin in ordered].index(str(request.after[0])) + 1 :]
        page = ordered[: request.limit]
        documents: set[int] = set()
        statements: set[int] = set()
        for origin in page:
            for evidence in origin.evidence:
                documents.add(evidence.document_id)
                statements.update(evidence.statement_ids)
        records = await queries.get_items(reads, documents, statements, event=self.event)
        items = [orjson.dumps(_build_item(origin, records)).decode() for origin in page]
        return Page(items, (page[-1].key.key, 0) if len(ordered) > len(page) else None)

    async def count(self, _reads: ReadSession) -> int:
        """Return the number of origins."""
        return len(self.origins)


def _build_item(origin: Origin, records: OriginItems) -> dict[str, Any]:
    kind, _, value = origin.key.key.partition(":")
    documents = [_build_document(evidence, records) for evidence in origin.evidence]
    days = [document["published"]["earliest"] for document in documents if document["published"]]
    return {
        "key": origin.key.key,
        "kind": kind,
        "name": origin.key.name,
        "country": value if kind == OriginKind.STATE else None,
        "members": [
            {
                "noun": "sources" if isinstance(member, SourceRef) else "speakers",
                "id": member.id,
                "slug": member.slug,
                "name": member.name,
            }
            for member in origin.members
        ],
        "source_count": len({document["source"]["id"] for document in documents}),
        "document_count": len(documents),
        "first_published_on": min(days, default=None),
        "through": [key.name for key in origin.through],
        "relying_documents": documents,
    }


def _build_document(evidence: Evidence, records: OriginItems) -> dict[str, Any]:
    document = records.documents[evidence.document_id]
    return document | {
        "basis": evidence.basis,
        "statements": [records.statements[ident] for ident in evidence.statement_ids],
        "copy_of_id": evidence.copy and evidence.copy.original_id,
        "similarity": evidence.copy and round(evidence.copy.similarity, 2),
        "credit": document["credit"] if evidence.basis == Basis.CREDITED else None,
    }
