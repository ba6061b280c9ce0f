"""Find the chain of a statement: the voices around it and between, and the publisher of a document."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from app.core.spans import Span
from app.core.vocab import SpeakerKind
from app.extract.findings import AttributionRelation, Hop, Relay, Voice
from app.extract.mentions import names, nouns
from app.extract.mentions.documents import NamedDocument
from app.extract.mentions.voices import VoiceResolver
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
_NEAR = 120  # code points after a cue in which an interview or an outlet is named
_LINE = 1000  # code points before a cue that may hold the beginning of its line


def find_parents(contents: Sequence[Sequence[Span]]) -> list[int | None]:
    """Return for each statement, given by the pieces of its content, the index of the smallest one around it."""
    hulls = [(pieces[0].start, pieces[-1].end) for pieces in contents]
    parents: list[int | None] = [None] * len(hulls)
    open_: list[int] = []
    for i in sorted(range(len(hulls)), key=lambda i: (hulls[i][0], -hulls[i][1], i)):
        start, end = hulls[i]
        while open_ and hulls[open_[-1]][1] <= start:
            open_.pop()
        around = (j for j in reversed(open_) if _contain(contents[j], start, end) and hulls[j] != hulls[i])
        parents[i] = next(around, None)
        open_.append(i)
        del open_[:-_MAX_DEPTH]
    return parents


_MAX_DEPTH = 12  # statements within statements


def _contain(pieces: Sequence[Span], start: int, end: int) -> bool:
    return any(piece.start <= start and end <= piece.end for piece in pieces)


def resolve_citation(text: str, relation: AttributionRelation, voices: VoiceResolver) -> AttributionRelation:
    """Attribute the words to the voice that an outlet cites, relayed by the outlet: "TASS reported, citing …, that"."""
    if relation.mention is None or not relation.cue:
        return relation
    if _find_outlet(text, relation.mention.start, relation.mention.end) is None:
        return relation
    citing = _CITING.search(text, *_get_sentence_bounds(text, relation.cue[0]))
    if citing is None or _contain((*relation.content, *relation.cue), citing.start(), citing.start() + 1):
        return relation
    mention = Span(*citing.span(1))
    voice = voices.resolve(mention)
    if voice is None or (voice.kind is SpeakerKind.UNNAMED and _SOURCES.isdisjoint(voice.name.casefold().split())):
        return relation
    relay = Relay(relation.mention, relation.cue[0])
    return replace(relation, mention=mention, relays=(relay, *relation.relays), pronoun=None)


def find_relays(text: str, relation: AttributionRelation, voices: VoiceResolver) -> Iterator[Hop]:
    """Yield the relaying voices that the attribution itself names, the nearest to the document first."""
    for mention, cue in relation.relays:
        voice = voices.resolve(mention, relation.content)
        if voice is not None:
            yield Hop(voice, cue)
    if relation.cue:
        first, last = relation.cue[0], relation.cue[-1]
        # "told state media", "said in an interview with Reuters"
        listener = _LISTENER.match(text, last.end) if _TOLD.match(text[last.start : last.end]) else None
        listener = listener or _INTERVIEW.search(text, last.end, last.end + _NEAR)
        if listener is not None:
            yield from _build_outlet_hop(text, listener, last.start, relation, voices)
        # "said in a statement carried by state media"
        carrier = _CARRIED.search(text, *_get_sentence_bounds(text, first))
        if carrier is not None:
            yield from _build_outlet_hop(text, carrier, carrier.start(), relation, voices)


def _build_outlet_hop(
    text: str, match: re.Match[str], cue_start: int, relation: AttributionRelation, voices: VoiceResolver
) -> Iterator[Hop]:
    """Yield the hop over the outlet that the match names, unless it is named inside the attributed words."""
    outlet = _find_outlet(text, *match.span(1))
    if outlet is not None and not _contain(relation.content, outlet.start, outlet.start + 1):
        voice = voices.resolve(outlet)
        if voice is not None and voice.kind is SpeakerKind.ORGANIZATION:
            yield Hop(voice, Span(cue_start, outlet.end))


def _get_sentence_bounds(text: str, cue: Span) -> tuple[int, int]:
    """Return the start of the sentence around a cue, and the end of the words that may belong to the cue."""
    line = text.rfind("\n", max(0, cue.start - _LINE), cue.start) + 1
    sentence = sentences.find_sentence(text, cue.start, Span(line, min(cue.end + _NEAR, len(text))))
    return sentence.start, sentence.end


def _find_outlet(text: str, start: int, end: int) -> Span | None:
    """Return the first words if they name an outlet or media."""
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


def find_publisher(text: str, document: NamedDocument, voices: VoiceResolver) -> Hop | None:
    """Return the organization that published a document: "KCNA has published the agreement"."""
    start = max(0, document.span.start - 300)
    for sentence_end in _STARTS.finditer(text, start, document.span.start):
        start = sentence_end.end()
    verb = _PUBLISHED.search(text, start, document.span.start)
    if verb is None:
        return None
    candidates = list(names.find_names(text, start, verb.start()))
    if not candidates:
        return None
    name = candidates[-1]
    voice = voices.resolve(Span(name.start, name.start + len(name.name)))
    return Hop(voice, Span(*verb.span(1))) if voice is not None and voice.kind is SpeakerKind.ORGANIZATION else None


def join_hops(outer: Sequence[Hop], own: Sequence[Hop], speaker: Voice | None) -> tuple[Hop, ...]:
    """Join two parts of a chain, without the speaker and without repeated voices."""
    seen = {names.get_key(speaker.name)} if speaker is not None else set()
    chain: list[Hop] = []
    for hop in [*outer, *own]:
        keys = {names.get_key(name) for name in (hop.voice.name, *hop.voice.names)}
        if not keys & seen:
            chain.append(hop)
            seen.add(names.get_key(hop.voice.name))
    return tuple(chain)
