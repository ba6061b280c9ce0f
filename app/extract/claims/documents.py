"""Extract the document that was signed: its name, its term, and the date of signing."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from app.core.quantities import units, words
from app.core.spans import Span
from app.extract.circumstances.date_mentions import find_dates, may_contain_date
from app.extract.claims.context import EventContext, Sentence
from app.extract.findings import ExtractedClaim

_HEADS = (
    "agreement|treaty|pact|accords?|deal|memorandum of understanding|memorandum|declaration|protocol|charter|contract|"
    "convention|communiqu[eé]|truce|ceasefire"
)
_WORD = (
    r"(?!(?:that|which|who|to|by|with|from|at|on|in|was|were|is|are|be|been|has|have|had|it|he|she|they|a|an|the|his|her|"
    r"its|their|no|any|said|says)\b)[\w’'.-]{1,24}[ \u00a0]"
)
_NAME = rf"(?P<name>(?:{_WORD}){{0,7}}?(?P<head>{_HEADS})\b(?![’'-]))"
_SUFFIX = re.compile(
    r"[ \u00a0](?:on|of|for)(?=[ \u00a0](?:the[ \u00a0])?[A-Z])"
    r"(?:(?:[ \u00a0](?:and|the|of|on|for))?[ \u00a0][A-Z][\w’'-]{1,24},?){1,8}"
)
_SIGNS = re.compile(
    r"\b(?:sign(?:ed|s|ing)?|ink(?:ed|s|ing)?|conclude[ds]?|adopt(?:ed|s|ing)|ratif(?:ied|ies|ying)|initialled)"
    rf"[ \u00a0](?:(?:an?|the|their|its|this|another)[ \u00a0])?{_NAME}",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    rf"\b(?:an?|the|this|their)[ \u00a0]{_NAME}[ \u00a0](?:(?:was|were|has been|have been)[ \u00a0])?signed\b",
    re.IGNORECASE,
)
_TERM = re.compile(r"-(year|month|week|day)\b", re.IGNORECASE)
# Words that may not stand between a signing or a document and its date.
_BETWEEN = re.compile(r"\b(?:said|says|told|that|provides?|after|since|before|until|comes?|replac\w{1,4})\b|[;:“”\"()]")
_REACH = 130  # code points up to the date
SIGNING_DATE = "signing_date"
_NEAR_CONFIDENCE, _FAR_CONFIDENCE, _FAR = 0.75, 0.45, 12  # by the place of the sentence
_OFF_TOPIC_CONFIDENCE = 0.35  # if headline and first sentences mention no signing
_SIGNING = re.compile(
    r"\b(?:sign|ink|agree|treat(?:y|ies)|pact|accord|deal\b|memorand|declaration|protocol|contract|convention|truce|ceasefire)"
)
_TOLERANCE = timedelta(days=3)  # between the day of signing and the event's


def find_documents(sentence: Sentence, context: EventContext) -> Iterator[ExtractedClaim]:
    """Yield the name, the term and the date of a document that a plain sentence says was signed."""
    for pattern in (_SIGNS, _SIGNED):
        for match in pattern.finditer(sentence.text, sentence.start, sentence.end):
            yield from _build_claims(sentence, context, match)


def _build_claims(sentence: Sentence, context: EventContext, match: re.Match[str]) -> Iterator[ExtractedClaim]:
    text, start, end = sentence.text, match.start("name"), match.end("name")
    suffix = _SUFFIX.match(text, end, sentence.end) if text[match.start("head")].isupper() else None
    name = Span(start, suffix.end() - suffix[0].endswith(",") if suffix else end)
    if context.is_about(_SIGNING):
        confidence = _NEAR_CONFIDENCE if sentence.place < _FAR else _FAR_CONFIDENCE
    else:
        confidence = _OFF_TOPIC_CONFIDENCE
    head_noun = match["head"].casefold()  # two names for one document are compared by it
    yield ExtractedClaim(
        "document_name", name, "accord" if head_noun == "accords" else head_noun, units.NAME, confidence
    )
    for figure in words.find_figures(text, name.start, name.end):  # "10-year agreement"
        unit = _TERM.match(text, figure.end, name.end)
        if unit is not None and figure.unit is None:
            number, base_unit = units.convert_multiple(figure.number, unit[1])
            yield ExtractedClaim("term", Span(figure.start, unit.end()), number.text, base_unit, confidence)
    date = _find_signing_date(sentence, context, max(match.end(), name.end))
    if date is not None:
        yield replace(date, confidence=confidence)


def _find_signing_date(sentence: Sentence, context: EventContext, start: int) -> ExtractedClaim | None:
    """Return the date of signing, if it follows at once and may be the event's."""
    text, end = sentence.text, min(sentence.end, start + _REACH)
    if not may_contain_date(text, start, end):
        return None
    for date in find_dates(text, start, end, context.written):
        if _BETWEEN.search(text, start, date.span.start):
            return None
        if date.is_day and date.edtf and context.is_near(date.edtf, _TOLERANCE):
            return ExtractedClaim(SIGNING_DATE, date.span, date.edtf, units.EDTF, _NEAR_CONFIDENCE)
    return None
