"""The entry point: extract the statements, the claims and the event of a text."""

import bisect
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.assembly import assemble_statements
from app.extract.attribution import attributions, language_model
from app.extract.circumstances.lede import find_lede, propose_event
from app.extract.circumstances.statement_dates import find_date_written, get_single_day
from app.extract.claims.claims import find_claims
from app.extract.findings import AttributionRelation, Extraction
from app.extract.mentions import nouns
from app.extract.page import excerpts
from app.extract.page.layout import Role, parse_layout

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from app.extract.learning.tagger import Tagger

_MAX_PARAGRAPHS = 1000  # for the model

VERSION = "3"  # of the rules; raised when their results change

NO_MODEL = "no language model installed: only quotations in marks were read; install dateline[nlp]"
TOO_LONG = (
    f"a long text: beyond {attributions.PARSED:,} characters or {_MAX_PARAGRAPHS:,} paragraphs only quotations in marks"
    " were looked for"
)
NOT_ENGLISH = "not in English: only quotations in marks were read"
_WORD = re.compile(r"[^\W\d_]+")
_COMMON = nouns.words("the of and to in a that is was for on it with as he said by at from his be has are")
_MIN_SHARE = 0.12  # of common words: English prose has 0.25 to 0.4, other languages in Latin letters below 0.08
_MIN_WORDS = 40  # fewer do not show the language


def extract(
    text: str,
    *,
    title: str | None = None,
    published: str | None = None,
    language: str | None = None,
    tagger: "Tagger | None" = None,
) -> Extraction:
    """Return the extraction of a text; no text raises an error.

    `title` is the headline, if known, `published` the day of publication (EDTF), `language` a BCP 47 tag, `tagger` a
    trained model that judges attributions instead of the rules.
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
    plain = layout.plain
    article, furniture = layout.get_spans(Role.TEXT), layout.get_spans(Role.FURNITURE)
    date_written = find_date_written(plain, furniture, article[0] if article else None, published)
    day = published if get_single_day(published) else date_written or published
    is_english = _is_english(plain, article, language)
    prose = [span for span in article if plain.count(" ", span.start, span.end)]  # more than a word
    doc = attributions.parse_text(plain, prose[:_MAX_PARAGRAPHS], entities=True) if is_english else None
    if is_english:
        relations = _find_attributions(plain, article, doc, tagger)
    else:
        relations = _find_direct_quotations(plain, article)
    headline = next(iter(layout.get_spans(Role.TITLE)), None)
    named = ((headline, *article) if headline else article) if is_english else ()
    lede = find_lede(plain, article)
    event = propose_event(plain, headline, lede, title=title, day=day) if is_english else None
    statements = assemble_statements(plain, named, article, doc, relations, day=day)
    circumstances = {"title": title, "happened": event.date if event else None, "written": day}
    return Extraction(
        extractor_version=get_extractor_version(language, tagger),
        statements=statements,
        notes=tuple(_build_notes(prose, is_english, doc is not None)),
        title=headline,
        lede=lede,
        proposed_event=event,
        furniture=furniture,
        date_written=date_written,
        claims=find_claims(plain, headline, article, statements, **circumstances) if is_english else (),
    )


def get_extractor_version(language: str | None, tagger: "Tagger | None" = None) -> str:
    """Return the versions of the rules, the model and the tagger that extract texts of a language (a BCP 47 tag)."""
    if not _is_english_tag(language) or language_model.get_name() is None:
        return f"rules {VERSION}, no model"
    return f"rules {VERSION}, {language_model.get_name()}" + (f", tagger {tagger.fingerprint}" if tagger else "")


def _build_notes(prose: Sequence[Span], is_english: bool, is_parsed: bool) -> Iterator[str]:
    """Yield the reasons for missing steps."""
    if not is_english:
        yield NOT_ENGLISH
    elif not is_parsed and prose:
        yield NO_MODEL
    elif len(prose) > _MAX_PARAGRAPHS or sum(span.end - span.start for span in prose) > attributions.PARSED:
        yield TOO_LONG


def _find_attributions(
    text: str, article: Sequence[Span], doc: "Doc | None", tagger: "Tagger | None"
) -> list[AttributionRelation]:
    """Return the attributions of an article; excerpts take precedence over other attributions of the same words."""
    excerpted = excerpts.find_excerpts(text, article, doc)
    pieces = [piece for excerpt in excerpted for piece in excerpt.content]
    leads = [cue for excerpt in excerpted if excerpt.rule == "excerpt" for cue in excerpt.cue]
    relations = [
        relation
        for relation in attributions.find_attributions(text, article, doc, tagger)
        if _is_sound(text, relation) and not _is_excerpted(relation, pieces) and not _announces_excerpt(relation, leads)
    ]
    return [*excerpted, *relations, *excerpts.find_inner_quotations(text, pieces, relations)]


def _find_direct_quotations(text: str, article: Sequence[Span]) -> list[AttributionRelation]:
    """Return the direct quotations of an article in an unknown language."""
    relations = attributions.find_attributions(text, article, None)
    return [relation for relation in relations if relation.kind is StatementKind.DIRECT and _is_sound(text, relation)]


def _is_excerpted(relation: AttributionRelation, pieces: Sequence[Span]) -> bool:
    """Return whether at least half of the content is part of an excerpt."""
    hull = Span(relation.content[0].start, relation.content[-1].end)
    return any(hull.overlap(piece) > 0.5 for piece in _find_touching(pieces, hull))


def _announces_excerpt(relation: AttributionRelation, leads: Sequence[Span]) -> bool:
    """Return whether the content holds the cue of an excerpt: "that a diplomat stated:" is no statement by itself."""
    return any(
        piece.start <= cue.start and cue.end <= piece.end
        for piece in relation.content
        for cue in _find_touching(leads, piece)
    )


def _find_touching(spans: Sequence[Span], stretch: Span) -> Sequence[Span]:
    """Return the spans, given in the order of the text, that touch or overlap a stretch."""
    first = bisect.bisect_left(spans, stretch.start, key=lambda span: span.end)
    return spans[first : bisect.bisect_left(spans, stretch.end, key=lambda span: span.start)]


def _is_sound(text: str, relation: AttributionRelation) -> bool:
    """Return whether the pieces of the content hold words of the text, in order and without overlap."""
    position = 0
    for span in relation.content:
        if not position <= span.start < span.end <= len(text) or not text[span.start : span.end].strip():
            return False
        position = span.end
    return bool(relation.content)


def _is_english_tag(language: str | None) -> bool:
    return not language or language.casefold().split("-")[0] == "en"


def _is_english(text: str, article: Sequence[Span], language: str | None) -> bool:
    """Return whether a text is in English: by its language tag, else by the share of common words at its beginning."""
    if language:
        return _is_english_tag(language)
    beginnings = (text[span.start : min(span.end, span.start + 2000)] for span in article[:5])
    words = _WORD.findall(" ".join(beginnings).casefold())
    return len(words) < _MIN_WORDS or sum(word in _COMMON for word in words) > _MIN_SHARE * len(words)
