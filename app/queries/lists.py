"""The list of each noun: what it can be asked, the shape of its items, and how it is read.

For whoever has a noun and filters as data, such as a saved search.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from app.core.vocab import Noun
from app.database.statements import ReadSession
from app.queries import claims, documents, events, matches, reports, sources, speakers, statements, utterances
from app.queries.listing import Paged
from app.schemas.claim import ClaimFilter, ClaimPublic
from app.schemas.common import RecordParams
from app.schemas.document import DocumentFilter, DocumentPublic
from app.schemas.event import EventFilter, EventPublic
from app.schemas.match import MatchFilter, MatchPublic
from app.schemas.printing import UtteranceFilter
from app.schemas.report import ReportFilter, ReportPublic
from app.schemas.source import SourceFilter, SourcePublic
from app.schemas.speaker import SpeakerFilter, SpeakerPublic
from app.schemas.statement import StatementFilter, StatementPublic
from app.schemas.utterance import UtterancePublic


@dataclass(frozen=True)
class NounList:
    """``find(reads, filters)`` gives the list of what matches ``filters``, of items of the shape ``public``."""

    filters: type[RecordParams]
    public: type[BaseModel]
    find: Callable[[ReadSession, Any], Awaitable[Paged]]


LISTS: Mapping[Noun, NounList] = {
    Noun.SOURCES: NounList(SourceFilter, SourcePublic, sources.listing),
    Noun.DOCUMENTS: NounList(DocumentFilter, DocumentPublic, documents.listing),
    Noun.EVENTS: NounList(EventFilter, EventPublic, events.listing),
    Noun.REPORTS: NounList(ReportFilter, ReportPublic, reports.listing),
    Noun.SPEAKERS: NounList(SpeakerFilter, SpeakerPublic, speakers.listing),
    Noun.STATEMENTS: NounList(StatementFilter, StatementPublic, statements.listing),
    Noun.UTTERANCES: NounList(UtteranceFilter, UtterancePublic, utterances.listing),
    Noun.CLAIMS: NounList(ClaimFilter, ClaimPublic, claims.listing),
    Noun.MATCHES: NounList(MatchFilter, MatchPublic, matches.listing),
}
