"""Build what origins are computed from out of rows of ``queries/origins.py``: documents, speakers and origin keys.

Sources, speakers and credited agencies that are one origin get the same `OriginKey`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import pycountry

from app.analysis.agencies import AGENCY_BY_KEY, Agency, is_media, is_state_media, recognize_agency
from app.core.spans import Span
from app.core.vocab import SourceKind, SpeakerKind

Rows = Iterable[Sequence[Any]]


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
            hop = HopRow._make((*columns[:2], self._get_speaker(columns[2:])))
            chains[hop.statement_id].append(hop.speaker)
        by_document: dict[tuple[int, int], list[SourcedStatement]] = defaultdict(list)
        for columns in statements:
            speaker = None if columns[6] is None else self._get_speaker(columns[6:])
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
        agencies = {recognize_agency(speaker.name) for speaker in self._speakers.values() if speaker.source is None}
        for documents in self.documents.values():
            agencies.update(AGENCY_BY_KEY.get(document.credit or "") for document in documents)
        return {key for agency in agencies if agency is not None for key in agency.keys}

    def _get_speaker(self, columns: Sequence[Any]) -> SpeakerRef:
        if columns[0] not in self._speakers:
            self._speakers[columns[0]] = SpeakerRef.from_columns(*columns)
        return self._speakers[columns[0]]


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
        if speaker.id not in self._keys:
            self._keys[speaker.id] = self._derive(speaker)
        return self._keys[speaker.id]

    def resolve_agency(self, key: str) -> OriginKey:
        """Return the key of the source or speaker in the store that is this agency, or else the agency's own."""
        return self._resolve_agency(AGENCY_BY_KEY.get(key), key)

    def find_bearer(self, key: str) -> SourceRef | SpeakerRef | None:
        """Return the source or speaker in the store that is this agency."""
        return self._sources.get(key) or self._speakers.get(key)

    def is_news_medium(self, speaker: SpeakerRef) -> bool:
        """Return True if the speaker is a source, or an organization named or described as a news medium."""
        if speaker.id not in self._is_news:
            has_media_kind = speaker.kind in (SpeakerKind.ORGANIZATION, SpeakerKind.UNNAMED)
            self._is_news[speaker.id] = speaker.source is not None or (has_media_kind and is_media(speaker.name))
        return self._is_news[speaker.id]

    def _derive(self, speaker: SpeakerRef) -> OriginKey:
        if speaker.source is not None:
            return self.resolve_source(speaker.source)
        if self.is_news_medium(speaker):
            if speaker.country and is_state_media(speaker.name):
                return _state_media(speaker.country)
            agency = recognize_agency(speaker.name)
            if agency is not None:
                return self._resolve_agency(agency, agency.key)
        return OriginKey(f"speaker:{speaker.id}", speaker.name)

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
