"""Where it happened, and how much money it was about."""

import re
from collections.abc import Iterator

from app.core.quantities import units, words
from app.core.spans import Span
from app.extract.claims.scene import Sentence
from app.extract.findings import ExtractedClaim
from app.extract.mentions import names, places

_IN = re.compile(
    r"\b(?:(?:visit to|trip to|visit(?:ed|s|ing)?|arriv(?:ed|es|ing) in|landed in|(?:summit|talks|meeting|ceremony|"
    r"conference|rally|protests?|demonstration|attacks?|explosion|blast|bombing|shooting|signed|met|meet|held|"
    r"gathered) in)[ \u00a0]"
    r"(?:the (?:capital|city|capital city) of[ \u00a0])?|\bin the (?:capital city|capital|city) of[ \u00a0])"
)
_NOUNS = "aid|package|deal|contract|fine|settlement|grant|bailout|ransom|investment|budget|donation|penalty"
_OF = re.compile(
    rf"(?:[ \u00a0-](?:worth of|in))?[ \u00a0](?:[a-z-]{{2,16}}[ \u00a0]){{0,2}}?(?:{_NOUNS})\b", re.IGNORECASE
)
_WORTH = re.compile(
    rf"\b(?:(?:{_NOUNS}) (?:worth|of|totall?ing)|fined(?: [\w-]{{1,20}}){{0,4}}?)[ \u00a0]$", re.IGNORECASE
)
_MONEY = re.compile(r"[ \u00a0](?P<unit>euros?|dollars|pounds|yuan|yen|rubles|roubles|rupees)\b")
_SURE, _LIKELY = 0.7, 0.55
_WINDOW = 60  # code points before an amount that say of what


def place(sentence: Sentence) -> Iterator[ExtractedClaim]:
    """Yield the town where it happened, where the first sentence says so of what happened itself."""
    text, end = sentence.text, sentence.end
    for link in _IN.finditer(text, sentence.start, end):
        named = next(iter(names.find(text, link.end(), min(end, link.end() + 60))), None)
        if named is None or named.start != link.end():
            continue
        if places.is_place(named.name) and not places.is_country(named.name):
            yield ExtractedClaim("place", Span(named.start, named.end), named.name, units.NAME, _SURE)
            return


def amount(sentence: Sentence) -> Iterator[ExtractedClaim]:
    """Yield how much money a contract, a fine or the like was about."""
    text = sentence.text
    for figure in words.find_figures(text, sentence.start, sentence.end):
        money = None if figure.unit else _MONEY.match(text, figure.end, sentence.end)
        unit = units.canonicalize_unit(money["unit"]) if money else figure.unit
        if unit is None or unit == "percent":
            continue
        end = money.end() if money else figure.end
        window = text[max(sentence.start, figure.start - _WINDOW) : figure.start]
        if _OF.match(text, end, sentence.end) or _WORTH.search(window):
            yield ExtractedClaim("amount", Span(figure.start, end), figure.number.text, unit, _LIKELY)
