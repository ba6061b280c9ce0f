"""The lede of an article, and the event that it seems to report."""

import re
from collections.abc import Sequence

from app.core.spans import Span
from app.core.vocab import EventType
from app.extract.circumstances import days
from app.extract.findings import ProposedEvent
from app.extract.mentions import names, places
from app.extract.page import sentences

_LONGEST = 200  # code points of a proposed title
_SPLIT = re.compile(r"\s+")
_DATELINE = re.compile(
    r"([A-Z][A-Z’'. -]{2,40}?)(?:,[ \u00a0][A-Za-z0-9.,’' -]{2,40}?)??[ \u00a0]*"
    r"(?:\([A-Za-z /-]{2,30}\)[ \u00a0]*)?(?:[—–]|--|[ \u00a0]-[ \u00a0])"
)
_PLACE = re.compile(
    r"\b(?:in|at|to|visited|near|from|of)[ \u00a0](?:the[ \u00a0](?:city|capital|town|capital city) of[ \u00a0])?"
)
_SAID = EventType.STATEMENT
_DONE = {
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


def _lexicon() -> dict[str, EventType]:
    return {lemma: kind for kind, lemmas in _DONE.items() for lemma in lemmas.split()}


_TYPES = _lexicon()


def lede(text: str, article: Sequence[Span]) -> Span | None:
    """Return the first sentence of the article, without its dateline."""
    if not article:
        return None
    first = article[0]
    line = _DATELINE.match(text, first.start, min(first.end, first.start + 120))
    start = line.end() if line else first.start
    sentence = sentences.find_sentence(text, start, first)
    start = sentence.end - len(text[start : sentence.end].lstrip())
    return Span(start, sentence.end) if start < sentence.end else None


def propose(
    text: str, headline: Span | None, passage: Span | None, *, title: str | None, day: str | None
) -> ProposedEvent | None:
    """Return the event that headline and lede seem to report, where its date is known.

    The headline is `title`, or what stands at `headline`; `day` is when the text was written (EDTF).
    """
    if passage is None:
        return None
    words = text[passage.start : passage.end]
    head = title or (text[headline.start : headline.end] if headline else "")
    date, sure = _date(text, passage, day)
    if date is None:
        return None
    kind = _type(head) or _type(words)
    place, country = _place(text, passage)
    return ProposedEvent(
        title=_tidy(head or words),
        date=date,
        type=kind or _SAID,
        confidence=round(0.2 + 0.2 * sure + 0.1 * (kind is not None) + 0.1 * bool(head), 2),
        passage=passage,
        place=place,
        country=country,
    )


def _tidy(words: str) -> str:
    """The words on one line, cut after a whole word where they are long."""
    line = " ".join(words.replace("\x00", " ").split())
    if len(line) <= _LONGEST:
        return line
    return line[: _LONGEST - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def _date(text: str, passage: Span, day: str | None) -> tuple[str | None, bool]:
    dates = [each for each in days.find(text, passage.start, passage.end, day) if each.edtf]
    told = next((each.edtf for each in dates if each.full and _is_of_event(text, passage.start, each.span.start)), None)
    return (told, True) if told else (day, False)


def _is_of_event(text: str, start: int, place: int) -> bool:
    return not re.search(r"\b(?:since|until|before|after|by|from|scheduled for|due)[ \u00a0]$", text[start:place])


def _type(words: str) -> EventType | None:
    """The type of the first deed that the words name; what somebody says or does with words only if nothing else is."""
    found = [_TYPES[lemma] for word in _SPLIT.split(words.casefold()) if (lemma := _lemma(word)) in _TYPES]
    deeds = [kind for kind in found if kind is not _SAID]
    return deeds[0] if deeds else found[0] if found else None


def _lemma(word: str) -> str:
    word = word.strip(".,;:!?\"'“”‘’()")
    if word in _IRREGULAR or word in _TYPES:
        return _IRREGULAR.get(word, word)
    for ending, restored in (
        ("ies", "y"),
        ("ied", "y"),
        ("es", ""),
        ("s", ""),
        ("ed", ""),
        ("d", ""),
        ("ing", ""),
        ("ing", "e"),
    ):
        stem = word.removesuffix(ending) + restored
        if word.endswith(ending) and stem in _TYPES:
            return stem
    return word


def _place(text: str, passage: Span) -> tuple[str | None, str | None]:
    """Where it happened: the dateline's town, else the first place that the lede names after "in" or "to"."""
    line = _DATELINE.search(text, max(0, passage.start - 120), passage.start)
    if line:
        town = line[1].strip().title()
        return town, places.country(town)
    for link in _PLACE.finditer(text, passage.start, passage.end):
        named = next(iter(names.find(text, link.end(), min(passage.end, link.end() + 60))), None)
        if named is not None and named.start == link.end() and places.is_place(named.name):
            return named.name, places.country(named.name)
    return None, places.first_country(text[passage.start : passage.end])
