"""How long it lasted, for how long somebody was sentenced, and when the guest had been there before."""

import re
from collections.abc import Iterator

from app.core.quantities import units, words
from app.core.quantities.notation import Quantity
from app.core.quantities.words import Figure
from app.core.spans import Span
from app.extract.claims.scene import Scene, Sentence
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
_CONFIDENCE, _FURTHER, _FAR = 0.75, 0.45, 8
_BESIDE = 0.35  # where headline and first sentences speak of nothing of the kind
_BEFORE = 90  # code points before a number that say what lasted so long


def find(sentence: Sentence, scene: Scene) -> Iterator[ExtractedClaim]:
    """Yield how long something lasted that a plain sentence tells of, and for how long somebody was sentenced."""
    text, end = sentence.text, sentence.end
    for figure in words.find_figures(text, sentence.start, end):
        window = text[max(sentence.start, figure.start - _BEFORE) : figure.start]
        unit, lasted = _UNIT.match(text, figure.end, end), _LASTED.search(window)
        if unit is None or lasted is None:
            unit = lasted = _LONG.match(text, figure.end, end)
        prison = _PRISON.match(text, figure.end, end)
        if figure.unit is not None:
            continue
        if unit is not None and lasted is not None:
            about = re.compile(rf"\b{lasted['event'].casefold().rstrip('s')}")
            yield _lasting("duration", figure, unit, _confidence(sentence, scene, about))
        elif prison is not None and _SENTENCED.search(window):
            yield _lasting("sentence", figure, prison, _confidence(sentence, scene, _COURT))


def _confidence(sentence: Sentence, scene: Scene, about: re.Pattern[str]) -> float:
    if not scene.is_about(about):
        return _BESIDE
    return _CONFIDENCE if sentence.place < _FAR else _FURTHER


def _lasting(name: str, figure: Figure, unit: re.Match[str], sure: float) -> ExtractedClaim:
    number, of = units.convert_multiple(figure.number, units.canonicalize_unit(unit["unit"]))
    return ExtractedClaim(name, Span(figure.start, unit.end("unit")), number.text, of, sure)


def before(sentence: Sentence, scene: Scene) -> Iterator[tuple[Span, ExtractedClaim]]:
    """Yield when somebody had been there before, "first visit since 2000", "for the first time in over two decades",
    each with all the words that say so."""
    for found in _SINCE.finditer(sentence.text, sentence.start, sentence.end):
        span, date = Span(*found.span("since")), None
        if found["year"]:
            month = f"-{nouns.MONTHS.index(found['month'].casefold()) + 1:02}" if found["month"] else ""
            date = f"{found['year']}{month}"
        else:
            figure = next(words.find_figures(sentence.text, found.end(), min(sentence.end, found.end() + 40)), None)
            unit = _UNIT.match(sentence.text, figure.end, sentence.end) if figure else None
            if figure is None or unit is None or figure.start != found.end():
                continue
            span, date = Span(figure.start, unit.end()), _so_long_before(figure, unit["unit"], scene)
        if date is not None and scene.is_of_its_day(sentence, but=span):
            yield Span(found.start(), span.end), ExtractedClaim("last_visit", span, date, units.EDTF, _CONFIDENCE)


def _so_long_before(figure: Figure, unit: str, scene: Scene) -> str | None:
    """The date so many years before the event's: "24 years" is about that year, "over two decades" before it as well,
    up to the next round number."""
    number, of = units.convert_multiple(figure.number, units.canonicalize_unit(unit))
    date = scene.date
    if of != "years" or date is None or number.low is None or number.low != number.low.to_integral_value():
        return None
    least = int(number.low)
    if date.earliest.year - least - 10 < 1 or least < 1:
        return None
    if number.high is not None:
        return f"{date.earliest.year - least:04}~" if number.low == number.high else None
    return _between(number, least, date.earliest.year, date.earliest.month)


def _between(number: Quantity, least: int, year: int, month: int) -> str:
    most = least + (10 if least % 10 == 0 else 5 if least % 5 == 0 else 1)
    return f"{year - most:04}-{month:02}~/{year - least:04}-{month:02}~"
