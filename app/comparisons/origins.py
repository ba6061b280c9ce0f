"""Origins as a list: each with the documents that rest on it, and why."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from app.analysis.origin_rows import OriginKeyResolver, OriginRows, SourcedDocument, SourceRef
from app.analysis.origins import Basis, Evidence, Member, Origin, find_event_origins, find_utterance_origins
from app.database.statements import ReadSession
from app.queries import origins as stored
from app.queries.listing import Page, PageRequest
from app.queries.origins import Shown
from app.schemas.origin import OriginKind


async def get_event_origins(reads: ReadSession, ref: int) -> "Origins":
    """Who stands behind the reports of an event; raises Missing."""
    return await _listing(reads, await stored.get_event_rows(reads, ref), find_event_origins, event=ref)


async def get_utterance_origins(reads: ReadSession, ref: int) -> "Origins":
    """From whom those who print an utterance have it; raises Missing."""
    return await _listing(reads, await stored.get_utterance_rows(reads, ref), find_utterance_origins)


async def _listing(
    reads: ReadSession,
    rows: stored.Accounts,
    find: Callable[[Sequence[SourcedDocument], OriginKeyResolver], list[Origin]],
    event: int | None = None,
) -> "Origins":
    found = OriginRows(*rows)
    who = OriginKeyResolver(*await stored.get_name_bearers(reads, found.list_agency_keys()))
    return Origins([origin for reports in found.documents.values() for origin in find(reports, who)], event)


@dataclass(frozen=True)
class Origins:
    """Who stands behind an ``event`` or an utterance (``OriginPublic``), in the order in which they appeared."""

    origins: Sequence[Origin]
    event: int | None

    async def page(self, reads: ReadSession, request: PageRequest) -> Page:
        order = list(self.origins)
        if request.sort.endswith("documents"):
            order.sort(key=lambda origin: len(origin.evidence), reverse=request.sort.startswith("-"))
        elif request.sort.startswith("-"):
            order.reverse()
        if request.after is not None:
            order = order[[origin.key.key for origin in order].index(str(request.after[0])) + 1 :]
        page = order[: request.limit]
        shown = await self._shown(reads, page)
        items = [orjson.dumps(_item(origin, shown)).decode() for origin in page]
        return Page(items, (page[-1].key.key, 0) if len(order) > len(page) else None)

    async def _shown(self, reads: ReadSession, page: Sequence[Origin]) -> Shown:
        evidence = [each for origin in page for each in origin.evidence]
        documents = {each.document_id for each in evidence}
        statements = {ident for each in evidence for ident in each.statement_ids}
        return await stored.get_items(reads, documents, statements, event=self.event)

    async def count(self, _reads: ReadSession) -> int:
        return len(self.origins)


def _item(origin: Origin, shown: Shown) -> dict[str, Any]:
    kind, _, value = origin.key.key.partition(":")
    documents = [_document(each, shown) for each in origin.evidence]
    days = [each["published"]["earliest"] for each in documents if each["published"]]
    return {
        "key": origin.key.key,
        "kind": kind,
        "name": origin.key.name,
        "country": value if kind == OriginKind.STATE else None,
        "members": [_member(member) for member in origin.members],
        "source_count": len({each["source"]["id"] for each in documents}),
        "document_count": len(documents),
        "first_published": min(days, default=None),
        "through": [key.name for key in origin.through],
        "documents": documents,
    }


def _member(member: Member) -> dict[str, Any]:
    noun = "sources" if isinstance(member, SourceRef) else "speakers"
    return {"noun": noun, "id": member.id, "slug": member.slug, "name": member.name}


def _document(evidence: Evidence, shown: Shown) -> dict[str, Any]:
    document = shown.documents[evidence.document_id]
    return document | {
        "basis": evidence.basis,
        "statements": [shown.statements[ident] for ident in evidence.statement_ids],
        "copy_of": evidence.copy and evidence.copy.original_id,
        "similarity": evidence.copy and round(evidence.copy.similarity, 2),
        "credit": document["credit"] if evidence.basis == Basis.CREDITED else None,
    }
