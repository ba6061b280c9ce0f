"""The list of each noun: its filters, the shape of its items, and the function that reads it.

For code that has a noun and filters as data, such as a saved search.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from app.core.vocab import Noun
from app.database.reads import ReadSession
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
    """The filters of one noun's list, the shape of its items, and the function that returns the list for filters."""

    filters: type[RecordParams]
    public: type[BaseModel]
    get_listing: Callable[[ReadSession, Any], Awaitable[Paged]]


LISTS: Mapping[Noun, NounList] = {
    Noun.SOURCES: NounList(SourceFilter, SourcePublic, sources.get_listing),
    Noun.DOCUMENTS: NounList(DocumentFilter, DocumentPublic, documents.get_listing),
    Noun.EVENTS: NounList(EventFilter, EventPublic, events.get_listing),
    Noun.REPORTS: NounList(ReportFilter, ReportPublic, reports.get_listing),
    Noun.SPEAKERS: NounList(SpeakerFilter, SpeakerPublic, speakers.get_listing),
    Noun.STATEMENTS: NounList(StatementFilter, StatementPublic, statements.get_listing),
    Noun.UTTERANCES: NounList(UtteranceFilter, UtterancePublic, utterances.get_listing),
    Noun.CLAIMS: NounList(ClaimFilter, ClaimPublic, claims.get_listing),
    Noun.MATCHES: NounList(MatchFilter, MatchPublic, matches.get_listing),
}
