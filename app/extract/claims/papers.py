"""Which paper was signed: what it is called, for how long, and when."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from app.core.quantities import units, words
from app.core.spans import Span
from app.extract.circumstances import days
from app.extract.claims.scene import Scene, Sentence
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
_MORE = re.compile(
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
# What may stand between a signing and its date, or a paper and the date that it bears.
_BETWEEN = re.compile(r"\b(?:said|says|told|that|provides?|after|since|before|until|comes?|replac\w{1,4})\b|[;:“”\"()]")
_REACH = 130  # code points from there to the date
DATE = "signing_date"
_CONFIDENCE, _FURTHER, _FAR = 0.75, 0.45, 12
_BESIDE = 0.35  # where headline and first sentences speak of nothing of the kind
_ABOUT = re.compile(
    r"\b(?:sign|ink|agree|treat(?:y|ies)|pact|accord|deal\b|memorand|declaration|protocol|contract|convention|truce|ceasefire)"
)
_OFF = timedelta(days=3)  # by which the day of a signing may differ from the event's


def find(sentence: Sentence, scene: Scene) -> Iterator[ExtractedClaim]:
    """Yield the name, the term and the date of a paper that a plain sentence says was signed."""
    for pattern in (_SIGNS, _SIGNED):
        for found in pattern.finditer(sentence.text, sentence.start, sentence.end):
            yield from _paper(sentence, scene, found)


def _paper(sentence: Sentence, scene: Scene, found: re.Match[str]) -> Iterator[ExtractedClaim]:
    text, start, end = sentence.text, found.start("name"), found.end("name")
    more = _MORE.match(text, end, sentence.end) if text[found.start("head")].isupper() else None
    name = Span(start, more.end() - more[0].endswith(",") if more else end)
    sure = (_CONFIDENCE if sentence.place < _FAR else _FURTHER) if scene.is_about(_ABOUT) else _BESIDE
    yield ExtractedClaim("document_name", name, _head(found["head"]), units.NAME, sure)
    yield from _term(sentence, name, sure)
    date = _dated(sentence, scene, max(found.end(), name.end))
    if date is not None:
        yield replace(date, confidence=sure)


def _head(printed: str) -> str:
    """The sort of paper, by which two names for one are compared."""
    head = printed.casefold()
    return "accord" if head == "accords" else head


def _term(sentence: Sentence, name: Span, sure: float) -> Iterator[ExtractedClaim]:
    """For how long, in "10-year agreement"."""
    for figure in words.find_figures(sentence.text, name.start, name.end):
        unit = _TERM.match(sentence.text, figure.end, name.end)
        if unit is not None and figure.unit is None:
            number, of = units.convert_multiple(figure.number, unit[1])
            yield ExtractedClaim("term", Span(figure.start, unit.end()), number.text, of, sure)


def _dated(sentence: Sentence, scene: Scene, start: int) -> ExtractedClaim | None:
    """The day of the signing, where it follows in the same breath and can be that of the event."""
    text, end = sentence.text, min(sentence.end, start + _REACH)
    for date in days.find(text, start, end, scene.written) if days.mentions(text, start, end) else ():
        if _BETWEEN.search(text, start, date.span.start):
            return None
        if date.full and date.edtf and scene.is_near(date.edtf, _OFF):
            span = Span(date.span.start, date.span.end)
            return ExtractedClaim(DATE, span, date.edtf, units.EDTF, _CONFIDENCE)
    return None
