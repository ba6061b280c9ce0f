"""Tell which sentences are about the event: about something that happened, once, and on its day."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from app.core.dates import EDTF, parse_edtf
from app.core.spans import Span
from app.extract.circumstances.date_mentions import find_dates, may_contain_date
from app.extract.page import sentences

# Words of things that happen often, perhaps or not at all.
_UNREAL = re.compile(
    r"\b(?:may|will|(?i:would|could|might|should|if|unless|whether|expected|expects?|plans?|planned|planning|intends?|"
    r"aims?|threat\w{0,6}|refus(?:e|es|ed|ing)|reject(?:ed|s|ing)?|declin(?:e|es|ed|ing)|risks?|feared|potential\w{0,2}|"
    r"hop(?:e|es|ed|ing)|wants?|proposed?|proposes|(?:no|not)(?! (?:fewer|less|more))|never|nobody|neither|nor|without|"
    r"den(?:y|ies|ied|ying)|false|falsely|rumou?rs?|alleged\w{0,2}|imagine|suppose|every|each|annual\w{0,2}|per|daily|"
    r"weekly|monthly|yearly|average|usually|often|typically|total of|so far|a (?:day|week|month|year)))\b|n[’']t\b|\?"
)
_OTHER_TIME = re.compile(
    r"\b(?:ago|earlier|previous\w{0,2}|past|histor\w{1,8}|anniversary|decades?|century|since|over the years|"
    r"first time|last (?:week|month|year|summer|winter|spring|fall|autumn)|th(?:is|at) (?:week|month|year)|"
    r"recent\w{0,2}|(?:1[5-9]|20)\d0s|World War|Cold War)\b"
)
_YEAR = re.compile(r"(?<![\d$€£.,:/-])\b(?:1[5-9]|20)\d\d\b(?![,.]\d)")
_MAX_LENGTH = 700  # code points of a sentence; a longer one is a list or no prose
_MAX_SENTENCES = 400  # of an article
_TOLERANCE = timedelta(days=1)
_WEEK = timedelta(days=6)  # before the day of writing, if the date of the event is unknown


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article; ``place`` counts from 0 for the first, and is -1 for the headline."""

    text: str  # of the whole document
    start: int
    end: int
    place: int

    @property
    def words(self) -> str:
        return self.text[self.start : self.end]


def split_sentences(text: str, headline: Span | None, article: Sequence[Span]) -> Iterator[Sentence]:
    """Yield the headline and the sentences of an article, up to a length and a number."""
    if headline is not None:
        yield Sentence(text, headline.start, headline.end, -1)
    place = 0
    for block in article:
        start = block.start
        for end in (*sentences.find_ends(text, block.start, block.end), block.end):
            if place >= _MAX_SENTENCES:
                return
            if end - start <= _MAX_LENGTH:
                yield Sentence(text, start, end, place)
            start, place = end, place + 1


class EventContext:
    """The date and the topic of an event, by which its sentences are told from others."""

    def __init__(self, happened: str | None, written: str | None, topic: Iterable[str] = ()) -> None:
        """Create a context from the dates of the event and of writing (EDTF), and from headline and first sentences."""
        self.written = written
        self.date = _parse(happened) or _parse(written)
        self._topic = " ".join(topic).casefold()

    def is_about(self, stems: re.Pattern[str]) -> bool:
        """Return True if headline or first sentences contain one of these stems, in lower case."""
        return stems.search(self._topic) is not None

    def is_plain(self, sentence: Sentence, but: Span | None = None) -> bool:
        """Return True if the sentence, without the words at ``but``, reports facts of the event and its day."""
        text, start, end = sentence.text, sentence.start, sentence.end
        parts = (text[start:end],) if but is None else (text[start : but.start], text[but.end : end])
        if any(_UNREAL.search(words) or _OTHER_TIME.search(words) for words in parts):
            return False
        return self.is_of_its_day(sentence, but)

    def is_of_its_day(self, sentence: Sentence, but: Span | None = None) -> bool:
        """Return True if all dates in the sentence, without the one at ``but``, may be the event's."""
        text, start, end = sentence.text, sentence.start, sentence.end
        dates = find_dates(text, start, end, self.written) if may_contain_date(text, start, end) else ()
        for date in dates:
            if date.edtf and not _touches(date.span, but) and not self.is_near(date.edtf):
                return False
        years = [year for year in _YEAR.finditer(text, start, end) if not _touches(Span(*year.span()), but)]
        if not years or self.date is None:
            return not years
        return all(self.date.earliest.year <= int(year[0]) <= self.date.latest.year for year in years)

    def is_near(self, edtf: str, tolerance: timedelta = _TOLERANCE) -> bool:
        """Return True if a date may be the event's, within a tolerance; an approximate date never is."""
        date = _parse(edtf)
        if date is None or self.date is None or date.latest_start is None:
            return False
        back = max(_WEEK, tolerance) if self.date.text == self.written else tolerance
        earliest = max(1, self.date.earliest.toordinal() - back.days)
        latest = self.date.latest.toordinal() + tolerance.days
        return earliest <= date.latest.toordinal() and date.earliest.toordinal() <= latest


def _touches(span: Span, other: Span | None) -> bool:
    return other is not None and span.start < other.end and other.start < span.end


def _parse(edtf: str | None) -> EDTF | None:
    try:
        return parse_edtf(edtf) if edtf else None
    except ValueError:
        return None
