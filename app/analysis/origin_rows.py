"""Build what origins are computed from out of rows of ``queries/origins.py``: documents, speakers and origin keys.

Sources, speakers and credited agencies that are one origin get the same `OriginKey`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import pycountry

from app.analysis.agencies import AGENCY_BY_KEY, Agency
from app.core.spans import Span, make_match_key
from app.core.vocab import SourceKind, SpeakerKind

Rows = Iterable[Sequence[Any]]

# Names of two or three letters are shared by many organizations; as a speaker's name, these mean the agency.
_SHORT_KEYS = frozenset({"ap", "afp", "upi", "dpa", "pti", "ria"})


def recognize_agency(name: str) -> Agency | None:
    """Return the agency that a speaker or source of this name is, with or without an article."""
    key = make_match_key(name).removeprefix("the ")
    return AGENCY_BY_KEY.get(key) if len(key) > 3 or key in _SHORT_KEYS else None


# Descriptions of news media in the names of organizations and unnamed speakers: "North Korean state media".
_MEDIUM = (
    r"(?:media|(?:news|press) (?:agency|agencies|service|services)|newswires?|news outlets?|television|tv|radio"
    r"|broadcasters?|newspapers?|news ?(?:site|channel|website)s?|dail(?:y|ies)|magazines?)"
)
_MEDIA = re.compile(rf"(?<!social )(?<!mass )\b{_MEDIUM}\b")
_STATE_MEDIA = re.compile(rf"(?<!islamic )\bstate(?:[- ](?:run|owned|controlled))? (?:[\w-]+ ){{0,2}}{_MEDIUM}\b")


@dataclass(frozen=True, slots=True)
class SourceRef:
    """An outlet or agency; the fields are columns of a query, in its order."""

    id: int
    slug: str
    name: str
    kind: str
    country: str | None
    state_affiliated: bool | int | None

    @property
    def is_agency(self) -> bool:
        return self.kind == SourceKind.NEWS_AGENCY or recognize_agency(self.name) is not None


@dataclass(frozen=True, slots=True)
class SpeakerRef:
    """A speaker, and the source that is the same organization, if any."""

    id: int
    slug: str
    name: str
    kind: str
    country: str | None
    source: SourceRef | None

    @classmethod
    def from_columns(cls, speaker_id: int, slug: str, name: str, kind: str, country: str | None, *source: Any) -> Self:
        """Build a speaker from the columns of a query: five of the speaker, then those of the source or nulls."""
        return cls(speaker_id, slug, name, kind, country, SourceRef(*source) if source[0] is not None else None)


@dataclass(frozen=True, slots=True)
class SourcedStatement:
    """A statement in a document; its ``chain`` of speakers begins with the one nearest to the document.

    ``is_tied`` if the statement is about the event in question, or prints the utterance in question.
    """

    id: int
    span: Span
    speaker: SpeakerRef | None
    chain: tuple[SpeakerRef, ...]
    is_tied: bool = True


@dataclass(frozen=True, slots=True)
class SourcedDocument:
    """A document with all that may show its origin; ``credit`` is the key of the agency that it credits."""

    id: int
    source: SourceRef
    passage: Span | None = None
    sketch: bytes = b""
    credit: str | None = None
    statements: Sequence[SourcedStatement] = ()


class DocumentRow(NamedTuple):
    """The columns of a document that reports the event, or prints the utterance, with this id."""

    owner_id: int
    id: int
    start: int | None
    end: int | None
    sketch: bytes | None
    credit_key: str | None
    source: SourceRef


class StatementRow(NamedTuple):
    """The columns of a statement in such a document."""

    owner_id: int
    is_tied: bool
    document_id: int
    id: int
    start: int
    end: int
    speaker: SpeakerRef | None


class HopRow(NamedTuple):
    """The columns of a hop in a statement's chain."""

    statement_id: int
    position: int
    speaker: SpeakerRef


class OriginRows:
    """The documents of each event or utterance, built from the rows of ``queries/origins.py``.

    A row ends with the columns of a `SourceRef` or `SpeakerRef`; one of ``documents`` has more after these.
    """

    def __init__(self, documents: Rows, statements: Rows, hops: Rows) -> None:
        self._speakers: dict[int, SpeakerRef] = {}
        chains: dict[int, list[SpeakerRef]] = defaultdict(list)
        for columns in hops:
            hop = HopRow._make((*columns[:2], SpeakerRef.from_columns(*columns[2:])))
            self._speakers[hop.speaker.id] = hop.speaker
            chains[hop.statement_id].append(hop.speaker)
        by_document: dict[tuple[int, int], list[SourcedStatement]] = defaultdict(list)
        for columns in statements:
            speaker = None if columns[6] is None else SpeakerRef.from_columns(*columns[6:])
            if speaker is not None:
                self._speakers[speaker.id] = speaker
            row = StatementRow._make((*columns[:6], speaker))
            statement = SourcedStatement(
                row.id, Span(row.start, row.end), row.speaker, tuple(chains.get(row.id, ())), bool(row.is_tied)
            )
            by_document[row.owner_id, row.document_id].append(statement)
        self.documents: dict[int, list[SourcedDocument]] = defaultdict(list)
        for columns in documents:
            document = DocumentRow._make((*columns[:6], SourceRef(*columns[6:12])))
            passage = None if document.start is None or document.end is None else Span(document.start, document.end)
            own = by_document.get((document.owner_id, document.id), ())
            self.documents[document.owner_id].append(
                SourcedDocument(
                    document.id, document.source, passage, bytes(document.sketch or b""), document.credit_key, own
                )
            )

    def list_agency_keys(self) -> set[str]:
        """List the keys of all names of the agencies that are credited, or are speakers but not known as sources."""
        keys: set[str] = set()
        for speaker in self._speakers.values():
            agency = recognize_agency(speaker.name) if speaker.source is None else None
            if agency is not None:
                keys.update(agency.keys)
        for documents in self.documents.values():
            for document in documents:
                if document.credit in AGENCY_BY_KEY:
                    keys.update(AGENCY_BY_KEY[document.credit].keys)
        return keys


class OriginKey(NamedTuple):
    """The key and name of a possible origin: ``state:KP``, ``source:7``, ``speaker:12``, ``agency:kyodo news``."""

    key: str
    name: str


class OriginKeyResolver:
    """Resolves sources, speakers and credited agencies to the keys of origins.

    ``sources`` and ``speakers`` are the rows of those in the store that bear an agency's name; the key of that name
    comes first in each row. Of several with one name the first row counts.
    """

    def __init__(self, sources: Rows, speakers: Rows) -> None:
        self._sources: dict[str, SourceRef] = {}
        for name_key, *source in sources:
            if name_key in AGENCY_BY_KEY:
                self._sources.setdefault(AGENCY_BY_KEY[name_key].key, SourceRef(*source))
        self._speakers: dict[str, SpeakerRef] = {}
        for name_key, *speaker in speakers:
            if name_key in AGENCY_BY_KEY:
                self._speakers.setdefault(AGENCY_BY_KEY[name_key].key, SpeakerRef.from_columns(*speaker))
        self._keys: dict[int, OriginKey] = {}
        self._is_news: dict[int, bool] = {}

    def resolve_source(self, source: SourceRef) -> OriginKey:
        """Return the key of an outlet; all state-affiliated outlets of one country share one."""
        if source.state_affiliated and source.country:
            return _state_media(source.country)
        return OriginKey(f"source:{source.id}", source.name)

    def resolve_speaker(self, speaker: SpeakerRef) -> OriginKey:
        """Return the key of a speaker: that of the news medium that it is, or else its own."""
        if speaker.id in self._keys:
            return self._keys[speaker.id]
        key = OriginKey(f"speaker:{speaker.id}", speaker.name)
        if speaker.source is not None:
            key = self.resolve_source(speaker.source)
        elif self.is_news_medium(speaker):
            agency = recognize_agency(speaker.name)
            if speaker.country and _STATE_MEDIA.search(make_match_key(speaker.name)):
                key = _state_media(speaker.country)
            elif agency is not None:
                key = self._resolve_agency(agency, agency.key)
        self._keys[speaker.id] = key
        return key

    def resolve_agency(self, key: str) -> OriginKey:
        """Return the key of the source or speaker in the store that is this agency, or else the agency's own."""
        return self._resolve_agency(AGENCY_BY_KEY.get(key), key)

    def find_bearer(self, key: str) -> SourceRef | SpeakerRef | None:
        """Return the source or speaker in the store that is this agency."""
        return self._sources.get(key) or self._speakers.get(key)

    def is_news_medium(self, speaker: SpeakerRef) -> bool:
        """Return True if the speaker is a source, or an organization named or described as a news medium."""
        if speaker.id not in self._is_news:
            is_medium = speaker.source is not None
            if not is_medium and speaker.kind in (SpeakerKind.ORGANIZATION, SpeakerKind.UNNAMED):
                is_described = _MEDIA.search(make_match_key(speaker.name)) is not None
                is_medium = is_described or recognize_agency(speaker.name) is not None
            self._is_news[speaker.id] = is_medium
        return self._is_news[speaker.id]

    def _resolve_agency(self, agency: Agency | None, key: str) -> OriginKey:
        speaker = self._speakers.get(key)
        source = self._sources.get(key) or (speaker.source if speaker else None)
        if source is not None:
            return self.resolve_source(source)
        if agency is not None and agency.state is not None:
            return _state_media(agency.state)
        if speaker is not None:
            return OriginKey(f"speaker:{speaker.id}", speaker.name)
        return OriginKey(f"agency:{key}", key if agency is None else agency.name)


# Usual names of countries, where those of ISO 3166 are unusual or missing.
_COUNTRY_NAMES = {"RU": "Russia", "XK": "Kosovo"}


def _state_media(country: str) -> OriginKey:
    record = pycountry.countries.get(alpha_2=country)
    name = _COUNTRY_NAMES.get(country) or (record and getattr(record, "common_name", record.name)) or country
    return OriginKey(f"state:{country}", f"State media of {name}")
