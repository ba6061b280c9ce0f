"""Extract durations, prison sentences, and the date of an earlier visit."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from app.core.quantities import units, words
from app.core.quantities.words import Figure
from app.core.spans import Span
from app.extract.claims.context import EventContext, Sentence
from app.extract.findings import ExtractedClaim
from app.extract.mentions import nouns

_EVENTS = (
    "talks|meeting|negotiations|summit|session|siege|standoff|stand-off|strike|hearing|trial|battle|blackout|outage|"
    "ceremony|attack|operation|rescue|debate|conversation|call|discussions?|visit|trip|speech|conference|search|chase|"
    "shootout|truce|ceasefire|tour|march|rally|ordeal"
)
_LASTED = re.compile(
    rf"\b(?P<event>{_EVENTS})\b[^.;:]{{0,50}}?\b(?:lasted|lasting|ran for|went on for|took)[ \u00a0](?:for[ \u00a0])?$"
)
_UNIT = re.compile(
    r"[ \u00a0](?P<unit>seconds?|minutes?|hours?|days?|weeks?|months?|years?|decades?)\b(?! (?:ago|old|later|earlier))"
)
_LONG = re.compile(
    r"-(?P<unit>minute|hour|day|week|month|year)(?:-long)?[ \u00a0](?:[a-z-]{2,16}[ \u00a0]){0,2}?"
    rf"(?P<event>{_EVENTS})\b"
)
_COURT = re.compile(r"\b(?:sentenc|jail|prison|convict|trial|court|guilty)")
_SENTENCED = re.compile(r"\b(?:sentenced|jailed|imprisoned)\b[^.;:,]{0,40}?\b(?:to|for)[ \u00a0]$")
_PRISON = re.compile(
    r"[ \u00a0](?P<unit>days?|weeks?|months?|years?)\b(?:[’'])?(?:[ \u00a0](?:in|of|behind|imprisonment)\b)"
)
_MONTHS = "|".join(month.title() for month in nouns.MONTHS)
_SINCE = re.compile(
    r"\b(?:first (?:[\w’'-]{1,20} ){0,3}?(?:visit|trip)\b[^.;:]{0,60}?"
    r"|(?:visit(?:ed|s|ing)?|travel(?:l?ed|l?ing|s)?|trip)\b[^.;:]{0,60}?\bfor the first time )\b"
    rf"(?:since (?P<since>(?:(?P<month>{_MONTHS}) )?(?P<year>(?:1[5-9]|20)\d\d))\b|in (?P<span>))"
)
_NEAR_CONFIDENCE, _FAR_CONFIDENCE, _FAR = 0.75, 0.45, 8  # by the place of the sentence
_OFF_TOPIC_CONFIDENCE = 0.35  # if headline and first sentences do not mention the event
_WINDOW = 90  # code points before a number that may name the event


def find_durations(sentence: Sentence, context: EventContext) -> Iterator[ExtractedClaim]:
    """Yield the durations of events and prison sentences that a plain sentence gives."""
    text, end = sentence.text, sentence.end
    for figure in words.find_figures(text, sentence.start, end):
        if figure.unit is not None:
            continue
        before = text[max(sentence.start, figure.start - _WINDOW) : figure.start]
        unit, event = _UNIT.match(text, figure.end, end), _LASTED.search(before)
        if unit is None or event is None:
            unit = event = _LONG.match(text, figure.end, end)
        prison = _PRISON.match(text, figure.end, end)
        if unit is not None and event is not None:
            topic = re.compile(rf"\b{event['event'].casefold().rstrip('s')}")
            yield _build_duration("duration", figure, unit, _get_confidence(sentence, context, topic))
        elif prison is not None and _SENTENCED.search(before):
            yield _build_duration("sentence", figure, prison, _get_confidence(sentence, context, _COURT))


def _get_confidence(sentence: Sentence, context: EventContext, topic: re.Pattern[str]) -> float:
    if not context.is_about(topic):
        return _OFF_TOPIC_CONFIDENCE
    return _NEAR_CONFIDENCE if sentence.place < _FAR else _FAR_CONFIDENCE


def _build_duration(name: str, figure: Figure, unit: re.Match[str], confidence: float) -> ExtractedClaim:
    number, base_unit = units.convert_multiple(figure.number, units.canonicalize_unit(unit["unit"]))
    return ExtractedClaim(name, Span(figure.start, unit.end("unit")), number.text, base_unit, confidence)


class EarlierVisit(NamedTuple):
    """The claim that dates an earlier visit, and all the words that make it."""

    words: Span
    claim: ExtractedClaim


def find_earlier_visits(sentence: Sentence, context: EventContext) -> Iterator[EarlierVisit]:
    """Yield the dates of earlier visits: "first visit since 2000", "for the first time in over two decades"."""
    for match in _SINCE.finditer(sentence.text, sentence.start, sentence.end):
        span, date = Span(*match.span("since")), None
        if match["year"]:
            month = f"-{nouns.MONTHS.index(match['month'].casefold()) + 1:02}" if match["month"] else ""
            date = f"{match['year']}{month}"
        else:
            figure = next(words.find_figures(sentence.text, match.end(), min(sentence.end, match.end() + 40)), None)
            unit = _UNIT.match(sentence.text, figure.end, sentence.end) if figure else None
            if figure is None or unit is None or figure.start != match.end():
                continue
            span, date = Span(figure.start, unit.end()), _subtract_years(figure, unit["unit"], context)
        if date is not None and context.is_of_its_day(sentence, but=span):
            claim = ExtractedClaim("last_visit", span, date, units.EDTF, _NEAR_CONFIDENCE)
            yield EarlierVisit(Span(match.start(), span.end), claim)


def _subtract_years(figure: Figure, unit: str, context: EventContext) -> str | None:
    """Return the date that many years before the event.

    "24 years" is approximately that year; "over two decades" is any time before it up to the next round number.
    """
    number, base_unit = units.convert_multiple(figure.number, units.canonicalize_unit(unit))
    date = context.date
    if base_unit != "years" or date is None or number.low is None or number.low != number.low.to_integral_value():
        return None
    least, year, month = int(number.low), date.earliest.year, date.earliest.month
    if year - least - 10 < 1 or least < 1:
        return None
    if number.high is not None:
        return f"{year - least:04}~" if number.low == number.high else None
    most = least + (10 if least % 10 == 0 else 5 if least % 5 == 0 else 1)
    return f"{year - most:04}-{month:02}~/{year - least:04}-{month:02}~"
