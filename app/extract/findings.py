"""The result of an extraction, and the shapes that pass between its steps."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from app.core.spans import Span
from app.core.vocab import EventType, SpeakerKind, StatementKind


class Grade(StrEnum):
    """The strictness of a rule: the results of a strict rule are statements, those of a wide one suggestions."""

    STRICT = "strict"
    WIDE = "wide"


class Relay(NamedTuple):
    """The mention and the cue of a voice that passed words on."""

    mention: Span
    cue: Span | None


@dataclass(frozen=True, slots=True)
class AttributionRelation:
    """The content, the source and the cue of one attribution, as a rule found them.

    ``content`` has several pieces if the cue interrupts it ("…," he said, "…"); the outer quotation marks are not part
    of it, punctuation inside them is. ``mention`` is the noun phrase or pronoun of the source as printed, with its
    title and modifiers ("a Kremlin spokesman"). ``relays`` are the voices that passed the words on, the nearest to the
    document first ("was quoted as saying by Russian news agencies").
    """

    content: tuple[Span, ...]
    kind: StatementKind
    grade: Grade
    confidence: float  # 0 to 1
    rule: str  # the name of the rule, for reports and for measuring
    mention: Span | None = None
    cue: tuple[Span, ...] = ()
    relays: tuple[Relay, ...] = ()
    pronoun: Span | None = None  # the relative pronoun that stands for the mention: "Jolly, who said …"


@dataclass(frozen=True, slots=True)
class Voice:
    """A person, organization or document that speaks in a text, under the fullest name in the text.

    ``name`` is without title ("Vladimir Putin"); ``title`` as printed ("Russian President"); an unnamed voice has the
    description as printed, without its article ("North Korean diplomat"). ``names`` are all forms of its name in the
    text, without pronouns and descriptions. ``sure`` is false if the mention could also mean another voice.
    """

    name: str
    kind: SpeakerKind
    title: str | None = None
    names: tuple[str, ...] = ()
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Hop:
    """A voice that relayed a statement, and the cue."""

    voice: Voice
    cue: Span | None = None


@dataclass(frozen=True, slots=True)
class ExtractedStatement:
    """A statement in a text; ``parent`` is the index of the statement around it in the list of all."""

    content: tuple[Span, ...]
    kind: StatementKind
    grade: Grade
    confidence: float
    rule: str
    voice: Voice | None = None  # None if the text does not name the source
    mention: Span | None = None
    cue: Span | None = None
    chain: tuple[Hop, ...] = ()  # the nearest to the document first
    said: str | None = None  # EDTF
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class ExtractedClaim:
    """A plain claim of a text about one property of its event.

    ``normalized`` is in the notation of ``unit``: EDTF, a name, or a number (``core/quantities/notation.py``) of
    things. ``voice`` is the source of the statement around the claim; None outside statements and for unnamed sources.
    """

    property: str
    span: Span
    normalized: str
    unit: str
    confidence: float
    voice: Voice | None = None


@dataclass(frozen=True, slots=True)
class ProposedEvent:
    """The event that a text seems to report, for a person to confirm or correct."""

    title: str
    date: str  # EDTF
    type: EventType
    confidence: float
    passage: Span | None = None
    place: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True)
class Extraction:
    """The result of extracting one text, in the order of the text.

    ``extractor_version`` names the rules and the model with their versions; if it differs, a text is worth
    extracting again. ``notes`` tell people about missing steps ("no language model installed: …").
    """

    extractor_version: str
    statements: tuple[ExtractedStatement, ...] = ()
    notes: tuple[str, ...] = ()
    title: Span | None = None  # the headline, if it is in the text
    proposed_event: ProposedEvent | None = None
    lede: Span | None = None  # the first sentence of the article
    furniture: tuple[Span, ...] = ()  # stretches of the page outside the article
    date_written: str | None = None  # EDTF, if the text says when it was written
    claims: tuple[ExtractedClaim, ...] = ()
