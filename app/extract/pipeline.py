"""The way in: a text, and all that is found in it."""

import bisect
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.assembly import compose
from app.extract.attribution import attributions, language_model
from app.extract.circumstances import lede as ledes
from app.extract.circumstances import saying
from app.extract.claims import reading as claims
from app.extract.findings import AttributionRelation, Extraction
from app.extract.mentions import nouns
from app.extract.page import excerpts
from app.extract.page.layout import Role, parse_layout

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from app.extract.learning.tagger import Tagger

_PARAGRAPHS = 1000  # that the model is given

VERSION = "3"  # of the rules: raised when they find something else in a text

NO_MODEL = "no language model installed: only quotations in marks were read; install dateline[nlp]"
TOO_LONG = (
    f"a long text: beyond {attributions.PARSED:,} characters or {_PARAGRAPHS:,} paragraphs only quotations in marks"
    " were looked for"
)
NOT_ENGLISH = "not in English: only quotations in marks were read"
_WORD = re.compile(r"[^\W\d_]+")
_COMMON = nouns.words("the of and to in a that is was for on it with as he said by at from his be has are")
_SHARE = 0.12  # English prose has 25 to 40 in 100; other languages in Latin letters below 8
_FEW = 40  # words that tell no language


def extract(
    text: str,
    *,
    title: str | None = None,
    published: str | None = None,
    language: str | None = None,
    tagger: "Tagger | None" = None,
) -> Extraction:
    """Return what a text attributes to whom.

    `title` is the headline where it is known, `published` the day of publication (EDTF), `language` a BCP 47
    tag, `tagger` a trained model that judges in place of the rules. Raises nothing, whatever the text.
    """
    with language_model.memory_zone():
        return _extract(text, title, published, language, tagger)


def _extract(
    text: str,
    title: str | None,
    published: str | None,
    language: str | None,
    tagger: "Tagger | None",
) -> Extraction:
    layout = parse_layout(text, title)
    article, furniture = layout.get_spans(Role.TEXT), layout.get_spans(Role.FURNITURE)
    dated = saying.written(layout.plain, furniture, article[0] if article else None, published)
    day = published if saying.today(published) else dated or published
    english = _is_english(layout.plain, article, language)
    prose = _prose(layout.plain, article)
    doc = attributions.parse_text(layout.plain, prose[:_PARAGRAPHS], entities=True) if english else None
    found = _statements(layout.plain, article, doc, tagger) if english else _verbatim(layout.plain, article)
    headline = next(iter(layout.get_spans(Role.TITLE)), None)
    named = ((headline, *article) if headline else article) if english else ()
    lede = ledes.lede(layout.plain, article)
    proposal = ledes.propose(layout.plain, headline, lede, title=title, day=day) if english else None
    findings = compose(layout.plain, named, article, doc, found, day=day)
    event = {"title": title, "happened": proposal.date if proposal else None, "written": day}
    plain = claims.find(layout.plain, headline, article, findings, **event) if english else ()
    return Extraction(
        extractor_version=get_extractor_version(language, tagger),
        statements=findings,
        notes=tuple(_notes(prose, english, doc is not None)),
        title=headline,
        lede=lede,
        proposed_event=proposal,
        furniture=furniture,
        date_written=dated,
        claims=plain,
    )


def get_extractor_version(language: str | None, tagger: "Tagger | None" = None) -> str:
    """Name what would read a text in this language (a BCP 47 tag): rules, model and tagger, with their versions."""
    if not _is_tag_of_english(language) or language_model.get_name() is None:
        return f"rules {VERSION}, no model"
    return f"rules {VERSION}, {language_model.get_name()}" + (f", tagger {tagger.fingerprint}" if tagger else "")


def _prose(text: str, article: Sequence[Span]) -> list[Span]:
    """The paragraphs that a model has something to say of: those of more than a word."""
    return [span for span in article if text.count(" ", span.start, span.end)]


def _notes(prose: Sequence[Span], english: bool, parsed: bool) -> Iterator[str]:
    """What could not be read, and why."""
    if not english:
        yield NOT_ENGLISH
    elif not parsed and prose:
        yield NO_MODEL
    elif len(prose) > _PARAGRAPHS or sum(span.end - span.start for span in prose) > attributions.PARSED:
        yield TOO_LONG


def _statements(
    text: str, article: Sequence[Span], doc: "Doc | None", tagger: "Tagger | None"
) -> list[AttributionRelation]:
    """What is attributed in an article; where an excerpt and another rule found the same words, the excerpt counts."""
    found = excerpts.find(text, article, doc)
    pieces = [piece for each in found for piece in each.content]
    leads = [cue for each in found if each.rule == "excerpt" for cue in each.cue]
    others = [
        each
        for each in attributions.find_attributions(text, article, doc, tagger)
        if _is_sound(text, each) and not _is_told(each, pieces) and not _announces(each, leads)
    ]
    return [*found, *others, *excerpts.inner(text, pieces, others)]


def _verbatim(text: str, article: Sequence[Span]) -> list[AttributionRelation]:
    found = (each for each in attributions.find_attributions(text, article, None) if _is_sound(text, each))
    return [each for each in found if each.kind is StatementKind.DIRECT]


def _is_told(found: AttributionRelation, excerpted: Sequence[Span]) -> bool:
    """Whether its words are, by half at least, those of an excerpt."""
    whole = Span(found.content[0].start, found.content[-1].end)
    return any(whole.overlap(piece) > 0.5 for piece in _beside(excerpted, whole.start, whole.end))


def _announces(found: AttributionRelation, leads: Sequence[Span]) -> bool:
    """Whether its words are those that announce an excerpt: "that a diplomat stated:" is no statement by itself."""
    return any(
        piece.start <= cue.start and cue.end <= piece.end
        for piece in found.content
        for cue in _beside(leads, piece.start, piece.end)
    )


def _beside(spans: Sequence[Span], start: int, end: int) -> Sequence[Span]:
    """Those of some spans, in the order of the text, that reach into a stretch of it."""
    first = bisect.bisect_left(spans, start, key=lambda span: span.end)
    return spans[first : bisect.bisect_left(spans, end, key=lambda span: span.start)]


def _is_sound(text: str, found: AttributionRelation) -> bool:
    """Whether its words are words of the text, in order and each once."""
    place = 0
    for span in found.content:
        if not place <= span.start < span.end <= len(text) or not text[span.start : span.end].strip():
            return False
        place = span.end
    return bool(found.content)


def _is_tag_of_english(language: str | None) -> bool:
    return not language or language.casefold().split("-")[0] == "en"


def _is_english(text: str, article: Sequence[Span], language: str | None) -> bool:
    """Whether a text is in English: as it is marked, else by how many of its first words are English's commonest."""
    if language:
        return _is_tag_of_english(language)
    words = _WORD.findall(
        " ".join(text[span.start : min(span.end, span.start + 2000)] for span in article[:5]).casefold()
    )
    return len(words) < _FEW or sum(word in _COMMON for word in words) > _SHARE * len(words)
