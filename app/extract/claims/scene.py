"""Which sentences speak of the event itself: as of something that happened, once, and on its day."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.core.dates import EDTF, parse_edtf
from app.core.spans import Span
from app.extract.circumstances import days
from app.extract.page import sentences

# What is said to happen often, elsewhen, perhaps or not at all is no plain claim.
_UNREAL = re.compile(
    r"\b(?:may|will|(?i:would|could|might|should|if|unless|whether|expected|expects?|plans?|planned|planning|intends?|"
    r"aims?|threat\w{0,6}|refus(?:e|es|ed|ing)|reject(?:ed|s|ing)?|declin(?:e|es|ed|ing)|risks?|feared|potential\w{0,2}|"
    r"hop(?:e|es|ed|ing)|wants?|proposed?|proposes|(?:no|not)(?! (?:fewer|less|more))|never|nobody|neither|nor|without|"
    r"den(?:y|ies|ied|ying)|false|falsely|rumou?rs?|alleged\w{0,2}|imagine|suppose|every|each|annual\w{0,2}|per|daily|"
    r"weekly|monthly|yearly|average|usually|often|typically|total of|so far|a (?:day|week|month|year)))\b|n[’']t\b|\?"
)
_ELSEWHEN = re.compile(
    r"\b(?:ago|earlier|previous\w{0,2}|past|histor\w{1,8}|anniversary|decades?|century|since|over the years|"
    r"first time|last (?:week|month|year|summer|winter|spring|fall|autumn)|th(?:is|at) (?:week|month|year)|"
    r"recent\w{0,2}|(?:1[5-9]|20)\d0s|World War|Cold War)\b"
)
_YEAR = re.compile(r"(?<![\d$€£.,:/-])\b(?:1[5-9]|20)\d\d\b(?![,.]\d)")
_LONGEST = 700  # code points of a sentence; what is longer is a list or no prose
_MOST = 400  # sentences of an article that are looked at
_AROUND = timedelta(days=1)
_WEEK = timedelta(days=6)  # before the text was written: where nothing says when it happened


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article; ``place`` counts from its first, which is 0. The headline has -1."""

    text: str  # of the whole document
    start: int
    end: int
    place: int

    @property
    def words(self) -> str:
        return self.text[self.start : self.end]


def split(text: str, headline: Span | None, article: Sequence[Span]) -> Iterator[Sentence]:
    """Yield the headline and the sentences of an article that are neither too long nor too far down."""
    if headline is not None:
        yield Sentence(text, headline.start, headline.end, -1)
    place = 0
    for block in article:
        start = block.start
        for end in (*sentences.find_ends(text, block.start, block.end), block.end):
            if place >= _MOST:
                return
            if end - start <= _LONGEST:
                yield Sentence(text, start, end, place)
            start, place = end, place + 1


class Scene:
    """When the event was, what it was about, and which sentences are of it."""

    def __init__(self, happened: str | None, written: str | None, told: Iterable[str] = ()) -> None:
        """`happened` is the date of the event and `written` that of the text, as EDTF; `told` tells of the event:
        headline and first sentences."""
        self.written = written
        self.date = _parsed(happened) or _parsed(written)
        self._told = " ".join(told).casefold()

    def is_about(self, stems: re.Pattern[str]) -> bool:
        """Whether headline or first sentences have one of these stems of words, in lower case."""
        return stems.search(self._told) is not None

    def is_plain(self, sentence: Sentence, but: Span | None = None) -> bool:
        """Whether it tells, but for the words at ``but``, of what has happened, and of this event as far as it says
        when."""
        text, start, end = sentence.text, sentence.start, sentence.end
        told = (text[start:end],) if but is None else (text[start : but.start], text[but.end : end])
        if any(_UNREAL.search(words) or _ELSEWHEN.search(words) for words in told):
            return False
        return self.is_of_its_day(sentence, but)

    def is_of_its_day(self, sentence: Sentence, but: Span | None = None) -> bool:
        """Whether no date in the sentence, but the one at ``but``, is another than the event's."""
        text, start, end = sentence.text, sentence.start, sentence.end
        dates = days.find(text, start, end, self.written) if days.mentions(text, start, end) else ()
        for each in dates:
            if each.edtf and not _touches(each.span, but) and not self.is_near(each.edtf):
                return False
        years = (found for found in _YEAR.finditer(text, start, end) if not _touches(Span(*found.span()), but))
        return all(self._has_year(int(found[0])) for found in years)

    def is_near(self, edtf: str, around: timedelta = _AROUND) -> bool:
        """Whether a date can be the event's, or one ``around`` it; what is approximate cannot."""
        there = _parsed(edtf)
        if there is None or self.date is None or there.latest_start is None:
            return False
        earlier = max(_WEEK, around) if self.date.text == self.written else around
        return _before(self.date.earliest, earlier) <= there.latest and there.earliest <= _after(
            self.date.latest, around
        )

    def _has_year(self, year: int) -> bool:
        return self.date is not None and self.date.earliest.year <= year <= self.date.latest.year


def _touches(span: Span, other: Span | None) -> bool:
    return other is not None and span.start < other.end and other.start < span.end


def _parsed(edtf: str | None) -> EDTF | None:
    try:
        return parse_edtf(edtf) if edtf else None
    except ValueError:
        return None


def _before(day: date, by: timedelta) -> date:
    return date.fromordinal(max(1, day.toordinal() - by.days))


def _after(day: date, by: timedelta) -> date:
    return date.fromordinal(min(date.max.toordinal(), day.toordinal() + by.days))
