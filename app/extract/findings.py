"""What a reader finds in a text: the shapes that pass between the steps of this room."""

from dataclasses import dataclass
from enum import StrEnum

from app.core.spans import Span
from app.core.vocab import EventType, SpeakerKind, StatementKind


class Grade(StrEnum):
    """How sure a rule is: what a strict one finds is a statement, what a wide one finds is a suggestion."""

    STRICT = "strict"
    WIDE = "wide"


@dataclass(frozen=True, slots=True)
class AttributionRelation:
    """One attribution as a rule found it: words, who is named for them, and the words that attribute them.

    ``content`` has several pieces where the attribution interrupts the words ("…," he said, "…"); the outer quotation
    marks are not part of it, punctuation inside them is. ``mention`` is the noun phrase or pronoun as printed, with
    its title and modifiers ("a Kremlin spokesman"). ``relays`` are the mentions and cues of voices that passed the
    words on, the nearest to the document first ("was quoted as saying by Russian news agencies").
    """

    content: tuple[Span, ...]
    kind: StatementKind
    grade: Grade
    confidence: float  # 0 to 1
    rule: str  # which rule found it, for the report and for measuring
    mention: Span | None = None
    cue: tuple[Span, ...] = ()
    relays: tuple[tuple[Span, Span | None], ...] = ()  # (mention, cue)
    pronoun: Span | None = None  # the relative pronoun that stands for the mention: "Jolly, who said …"


@dataclass(frozen=True, slots=True)
class Voice:
    """Somebody or something that speaks in a text, under the fullest name that the text gives.

    ``name`` is without title ("Vladimir Putin"); ``title`` as printed ("Russian President"); an unnamed voice has the
    description as printed, without its article ("North Korean diplomat"). ``names`` are all the forms in which the
    text names it; pronouns and descriptions are not among them. ``sure`` is false where the mention could as well
    stand for another.
    """

    name: str
    kind: SpeakerKind
    title: str | None = None
    names: tuple[str, ...] = ()
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Hop:
    """A voice that relayed a statement, and the words that say so."""

    voice: Voice
    cue: Span | None = None


@dataclass(frozen=True, slots=True)
class ExtractedStatement:
    """A statement, as the store could take it; ``parent`` is the place in the list of the finding it stands inside."""

    content: tuple[Span, ...]
    kind: StatementKind
    grade: Grade
    confidence: float
    rule: str
    voice: Voice | None = None  # None where the text does not say who
    mention: Span | None = None
    cue: Span | None = None
    chain: tuple[Hop, ...] = ()  # the nearest to the document first
    said: str | None = None  # EDTF
    parent: int | None = None


@dataclass(frozen=True, slots=True)
class ExtractedClaim:
    """What a text plainly says of one property of its event, as the store could take it.

    ``normalized`` is in the notation that ``unit`` says: EDTF, a name, or a number (``core/quantities/notation.py``) of
    so many of something. ``voice`` is whose statement it stands in; None where the text says it itself, or not whose.
    """

    property: str
    span: Span
    normalized: str
    unit: str
    confidence: float
    voice: Voice | None = None


@dataclass(frozen=True, slots=True)
class ProposedEvent:
    """The event that a text seems to report: for a person, or a better reader, to confirm or correct."""

    title: str
    date: str  # EDTF
    type: EventType
    confidence: float
    passage: Span | None = None
    place: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True)
class Extraction:
    """All that was found in one text, in the order of the text, and by whom.

    ``extractor_version`` names the rules and the model with their versions: a text is worth extracting again if it
    differs.
    ``notes`` tell people what could not be done ("no language model installed: …").
    """

    extractor_version: str
    statements: tuple[ExtractedStatement, ...] = ()
    notes: tuple[str, ...] = ()
    title: Span | None = None  # the headline, where it stands in the text
    proposed_event: ProposedEvent | None = None
    lede: Span | None = None  # the first sentence of the article itself
    furniture: tuple[Span, ...] = ()  # stretches that are not part of the article
    date_written: str | None = None  # EDTF: when the text says it was written, where it does
    claims: tuple[ExtractedClaim, ...] = ()
