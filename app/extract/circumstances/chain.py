"""Who passed a statement on to this document: voices around it, voices in between, and whoever published a document."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.core.spans import Span
from app.core.vocab import SpeakerKind
from app.extract.findings import AttributionRelation, Hop, Relay, Voice
from app.extract.mentions import names, nouns
from app.extract.mentions.papers import Paper
from app.extract.mentions.voices import Voices
from app.extract.page import sentences

_TOLD = re.compile(r"(?:tell|told|telling|tells)\b")
_LISTENER = re.compile(r"[ \u00a0]+((?:[\w’'.&-]{1,30}[ \u00a0]?){1,6})")
_INTERVIEW = re.compile(
    r"\bin an?[ \u00a0](?:[\w-]{1,20}[ \u00a0]){0,2}interview[ \u00a0](?:with|on|to|for)[ \u00a0]"
    r"((?:[\w’'.&-]{1,30}[ \u00a0]?){1,6})"
)
_CARRIED = re.compile(
    r"\b(?:carried|published|released|issued|aired|broadcast|televised|printed|distributed)[ \u00a0](?:by|on|in)"
    r"[ \u00a0]((?:[\w’'.&-]{1,30}[ \u00a0]?){1,6})"
)
_CITING = re.compile(
    r"\b[Cc]iting[ \u00a0]((?:[\w’'.&-]{1,30}[ \u00a0]){0,6}[\w’'&-]{1,30}\.?)(?=[,;.]|[ \u00a0]that\b|[ \u00a0]?$)"
)
_SOURCES = nouns.words(
    "source sources official officials person people witness witnesses diplomat diplomats aide aides executive "
    "executives"
)
_PUBLISHED = re.compile(
    r"((?:(?:has|have|had)[ \u00a0])?(?:published|released|posted|obtained|leaked|carried|printed|reproduced))[ \u00a0]"
    r"(?:(?:the|a|its|full|entire|complete|text|of|new|draft)[ \u00a0]){0,6}$"
)
_STARTS = re.compile(r"[.!?][\"”’)]{0,2}[ \u00a0]{1,3}(?=[A-Z])|\n")
_STOP = nouns.words("that in on at about after before during and but as it he she they") | {*nouns.DAYS}
_NEAR = 120  # code points after a verb of telling in which an interview or an outlet is named
_LINE = 1000  # code points before a verb that are looked through for the beginning of its line


def nesting(contents: Sequence[Sequence[Span]]) -> list[int | None]:
    """For each statement, by the pieces of its words, the place of the smallest that it stands inside."""
    hulls = [(pieces[0].start, pieces[-1].end) for pieces in contents]
    within: list[int | None] = [None] * len(hulls)
    open_: list[int] = []
    for i in sorted(range(len(hulls)), key=lambda i: (hulls[i][0], -hulls[i][1], i)):
        start, end = hulls[i]
        while open_ and hulls[open_[-1]][1] <= start:
            open_.pop()
        holding = (j for j in reversed(open_) if _holds(contents[j], start, end) and hulls[j] != hulls[i])
        within[i] = next(holding, None)
        open_.append(i)
        del open_[:-_DEPTH]
    return within


_DEPTH = 12  # statements within statements


def _holds(pieces: Sequence[Span], start: int, end: int) -> bool:
    return any(piece.start <= start and end <= piece.end for piece in pieces)


def cited(text: str, found: AttributionRelation, voices: Voices) -> AttributionRelation:
    """The attribution to whom an outlet cites for it, the outlet as who relays: "TASS reported, citing …, that"."""
    if found.mention is None or not found.cue or _outlet(text, found.mention.start, found.mention.end) is None:
        return found
    citing = _CITING.search(text, *_sentence(text, found.cue[0]))
    if citing is None or _holds((*found.content, *found.cue), citing.start(), citing.start() + 1):
        return found
    whom = Span(*citing.span(1))
    voice = voices.meant(whom)
    if voice is None or (voice.kind is SpeakerKind.UNNAMED and _SOURCES.isdisjoint(voice.name.casefold().split())):
        return found
    return replace(found, mention=whom, relays=(Relay(found.mention, found.cue[0]), *found.relays), pronoun=None)


def relays(text: str, found: AttributionRelation, voices: Voices) -> Iterator[Hop]:
    """The voices between a speaker and the document that the attribution itself names, the nearest first."""
    for mention, cue in found.relays:
        voice = voices.meant(mention, found.content)
        if voice is not None:
            yield Hop(voice, cue)
    if found.cue:
        yield from _told(text, found.cue[-1], found, voices)
        yield from _carried(text, found.cue[0], found, voices)


def _told(text: str, cue: Span, found: AttributionRelation, voices: Voices) -> Iterator[Hop]:
    """The news outlet that somebody spoke to: "told state media", "said in an interview with Reuters"."""
    heard = _LISTENER.match(text, cue.end) if _TOLD.match(text[cue.start : cue.end]) else None
    heard = heard or _INTERVIEW.search(text, cue.end, cue.end + _NEAR)
    yield from _by_outlet(text, heard, cue.start, found, voices)


def _carried(text: str, cue: Span, found: AttributionRelation, voices: Voices) -> Iterator[Hop]:
    """The news outlet that spread the words: "said in a statement carried by state media"."""
    carried = _CARRIED.search(text, *_sentence(text, cue))
    if carried is not None:
        yield from _by_outlet(text, carried, carried.start(), found, voices)


def _by_outlet(
    text: str, heard: re.Match[str] | None, start: int, found: AttributionRelation, voices: Voices
) -> Iterator[Hop]:
    """The hop over the outlet that the words heard name, its cue from ``start`` on; none within what was said."""
    outlet = _outlet(text, *heard.span(1)) if heard else None
    if outlet is not None and not _holds(found.content, outlet.start, outlet.start + 1):
        voice = voices.meant(outlet)
        if voice is not None and voice.kind is SpeakerKind.ORGANIZATION:
            yield Hop(voice, Span(start, outlet.end))


def _sentence(text: str, cue: Span) -> tuple[int, int]:
    """Where the sentence of a cue starts, and where what belongs to the cue ends at the latest."""
    line = text.rfind("\n", max(0, cue.start - _LINE), cue.start) + 1
    sentence = sentences.find_sentence(text, cue.start, Span(line, min(cue.end + _NEAR, len(text))))
    return sentence.start, sentence.end


def _outlet(text: str, start: int, end: int) -> Span | None:
    """The words at a place that name an outlet or media; None where they name anybody else."""
    last = None
    for word in re.finditer(r"[^\s]+", text[start:end]):
        bare = word[0].rstrip(".,;").removesuffix("’s").removesuffix("'s")
        if bare.casefold() in _STOP:
            break
        if bare.casefold() in nouns.MEDIA or (last is not None and bare[:1].isupper()):
            last = start + word.start() + len(bare)
        elif last is not None:
            break
        if not word[0][-1].isalnum():
            break
    return Span(start, last) if last is not None else None


def publisher(text: str, paper: Paper, voices: Voices) -> Hop | None:
    """The organization that published a document and so passed on what it says: "KCNA has published the agreement"."""
    start = max(0, paper.span.start - 300)
    for stop in _STARTS.finditer(text, start, paper.span.start):
        start = stop.end()
    verb = _PUBLISHED.search(text, start, paper.span.start)
    if verb is None:
        return None
    named = list(names.find(text, start, verb.start()))
    if not named:
        return None
    last = named[-1]
    voice = voices.meant(Span(last.start, last.start + len(last.name)))
    return Hop(voice, Span(*verb.span(1))) if voice is not None and voice.kind is SpeakerKind.ORGANIZATION else None


def joined(outer: Sequence[Hop], own: Sequence[Hop], speaker: Voice | None) -> tuple[Hop, ...]:
    """A chain without the speaker, and without voices that it names already."""
    seen = {names.key(speaker.name)} if speaker is not None else set()
    kept: list[Hop] = []
    for hop in [*outer, *own]:
        keys = {names.key(name) for name in (hop.voice.name, *hop.voice.names)}
        if not keys & seen:
            kept.append(hop)
            seen.add(names.key(hop.voice.name))
    return tuple(kept)
