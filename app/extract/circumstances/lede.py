"""Find the lede of an article, and propose the event that it reports."""

import re
from collections.abc import Sequence

from app.core.spans import Span
from app.core.vocab import EventType
from app.extract.circumstances.date_mentions import find_dates
from app.extract.findings import ProposedEvent
from app.extract.mentions import names, places
from app.extract.page import sentences

_MAX_TITLE = 200  # code points of a proposed title
_SPLIT = re.compile(r"\s+")
_DATELINE = re.compile(
    r"([A-Z][A-Z’'. -]{2,40}?)(?:,[ \u00a0][A-Za-z0-9.,’' -]{2,40}?)??[ \u00a0]*"
    r"(?:\([A-Za-z /-]{2,30}\)[ \u00a0]*)?(?:[—–]|--|[ \u00a0]-[ \u00a0])"
)
_PLACE = re.compile(
    r"\b(?:in|at|to|visited|near|from|of)[ \u00a0](?:the[ \u00a0](?:city|capital|town|capital city) of[ \u00a0])?"
)
_OTHER_DAY = re.compile(r"\b(?:since|until|before|after|by|from|scheduled for|due)[ \u00a0]$")
_LEMMAS = {
    EventType.AGREE: "sign agree ink seal conclude ratify finalize adopt approve pact treaty accord deal agreement",
    EventType.CONSULT: "meet visit host talk negotiate discuss summit confer arrive travel receive greet mediate",
    EventType.SUPPORT: "support endorse back praise welcome defend congratulate recognize recognise reaffirm nominate",
    EventType.CONCEDE: "concede yield apologize apologise resign release free pardon lift ease relent surrender step",
    EventType.COOPERATE: "cooperate share collaborate extradite join partner team",
    EventType.AID: "aid donate fund rescue shelter evacuate provide deliver supply give grant pledge",
    EventType.RETREAT: "retreat withdraw pull disarm demobilize ceasefire truce leave",
    EventType.REQUEST: "request ask appeal urge demand seek call-for petition beg propose invite",
    EventType.ACCUSE: "accuse blame condemn denounce criticize slam blast sue charge indict investigate allege",
    EventType.REJECT: "reject refuse deny veto block dismiss rebuff decline oppose defy ban",
    EventType.THREATEN: "threaten warn vow ultimatum",
    EventType.PROTEST: "protest demonstrate rally march strike riot boycott",
    EventType.SANCTION: "sanction embargo expel suspend recall cut freeze penalize penalise fine",
    EventType.MOBILIZE: "mobilize mobilise deploy drill exercise blockade test-fire amass",
    EventType.COERCE: "arrest detain jail seize imprison raid convict sentence deport repress confiscate execute hack",
    EventType.ASSAULT: "attack kill bomb shell shoot assault invade murder stab wound clash explode hit abduct",
    EventType.STATEMENT: "say tell announce state declare report claim comment",
}
_IRREGULAR = {
    "met": "meet", "gave": "give", "given": "give", "sought": "seek", "shot": "shoot", "said": "say", "told": "tell",
    "withdrew": "withdraw", "withdrawn": "withdraw", "froze": "freeze", "begged": "beg", "banned": "ban",
    "stabbed": "stab", "kidnapped": "abduct", "struck": "attack", "left": "leave",
}  # fmt: skip


_EVENT_TYPES = {lemma: kind for kind, lemmas in _LEMMAS.items() for lemma in lemmas.split()}
_ENDINGS = (("ies", "y"), ("ied", "y"), ("es", ""), ("s", ""), ("ed", ""), ("d", ""), ("ing", ""), ("ing", "e"))


def find_lede(text: str, article: Sequence[Span]) -> Span | None:
    """Return the first sentence of the article, without its dateline."""
    if not article:
        return None
    first = article[0]
    dateline = _DATELINE.match(text, first.start, min(first.end, first.start + 120))
    start = dateline.end() if dateline else first.start
    sentence = sentences.find_sentence(text, start, first)
    start = sentence.end - len(text[start : sentence.end].lstrip())
    return Span(start, sentence.end) if start < sentence.end else None


def propose_event(
    text: str, headline: Span | None, passage: Span | None, *, title: str | None, day: str | None
) -> ProposedEvent | None:
    """Return the event that headline and lede report, if its date is known.

    The headline is `title`, or the text at `headline`; `day` is the date of writing (EDTF).
    """
    if passage is None:
        return None
    words = text[passage.start : passage.end]
    head = title or (text[headline.start : headline.end] if headline else "")
    event_day = _find_day(text, passage, day)
    date = event_day or day
    if date is None:
        return None
    kind = _find_type(head) or _find_type(words)
    place, country = _find_place(text, passage)
    return ProposedEvent(
        title=_shorten(head or words),
        date=date,
        type=kind or EventType.STATEMENT,
        confidence=round(0.2 + 0.2 * (event_day is not None) + 0.1 * (kind is not None) + 0.1 * bool(head), 2),
        passage=passage,
        place=place,
        country=country,
    )


def _shorten(words: str) -> str:
    """Join the words to one line, cut after a whole word if it is long."""
    line = " ".join(words.replace("\x00", " ").split())
    if len(line) <= _MAX_TITLE:
        return line
    return line[: _MAX_TITLE - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def _find_day(text: str, passage: Span, day: str | None) -> str | None:
    """Return the first day in the lede that may be the event's."""
    for date in find_dates(text, passage.start, passage.end, day):
        if date.edtf and date.is_day and not _OTHER_DAY.search(text[passage.start : date.span.start]):
            return date.edtf
    return None


def _find_type(words: str) -> EventType | None:
    """Return the type of the first action that the words name; a statement only if they name nothing else."""
    lemmas = map(_lemmatize, _SPLIT.split(words.casefold()))
    types = [_EVENT_TYPES[lemma] for lemma in lemmas if lemma in _EVENT_TYPES]
    return next((kind for kind in types if kind is not EventType.STATEMENT), types[0] if types else None)


def _lemmatize(word: str) -> str:
    word = word.strip(".,;:!?\"'“”‘’()")
    if word in _IRREGULAR or word in _EVENT_TYPES:
        return _IRREGULAR.get(word, word)
    for ending, replacement in _ENDINGS:
        stem = word.removesuffix(ending) + replacement
        if word.endswith(ending) and stem in _EVENT_TYPES:
            return stem
    return word


def _find_place(text: str, passage: Span) -> tuple[str | None, str | None]:
    """Return the place and the country of an event.

    The place is the town in the dateline, or else the first place in the lede after "in", "to" or the like.
    """
    dateline = _DATELINE.search(text, max(0, passage.start - 120), passage.start)
    if dateline:
        town = dateline[1].strip().title()
        return town, places.get_country(town)
    for link in _PLACE.finditer(text, passage.start, passage.end):
        name = next(names.find_names(text, link.end(), min(passage.end, link.end() + 60)), None)
        if name is not None and name.start == link.end() and places.is_place(name.name):
            return name.name, places.get_country(name.name)
    return None, places.find_country(text[passage.start : passage.end])
