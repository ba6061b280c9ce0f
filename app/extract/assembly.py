"""From attributions to findings: what stands inside what, who is meant, who relayed it, and when it was said."""

import bisect
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.core.vocab import SpeakerKind
from app.extract.circumstances import chain, saying
from app.extract.findings import AttributionRelation, ExtractedStatement, Hop, Voice
from app.extract.mentions.voices import Voices
from app.extract.page import sentences

if TYPE_CHECKING:
    from spacy.tokens import Doc


def compose(
    text: str,
    named: Sequence[Span],
    blocks: Sequence[Span],
    doc: "Doc | None",
    found: Iterable[AttributionRelation],
    *,
    day: str | None,
) -> tuple[ExtractedStatement, ...]:
    """Return the findings of a text, in its order.

    `named` are the stretches in which names are looked for, `blocks` the paragraphs of the article, `day` is when it
    was written (EDTF).
    """
    voices = Voices(text, named, doc)
    ordered = sorted(
        (chain.cited(text, each, voices) for each in found),
        key=lambda each: (each.content[0].start, -each.content[-1].end),
    )
    return _Composition(text, blocks, voices, ordered, day).findings()


class _Composition:
    """The attributions of one text, on their way to findings."""

    def __init__(
        self,
        text: str,
        blocks: Sequence[Span],
        voices: Voices,
        found: Sequence[AttributionRelation],
        day: str | None,
    ) -> None:
        self._text, self._blocks, self._voices, self._found = text, blocks, voices, found
        self._day = day
        self._starts = [block.start for block in blocks]
        self._within = chain.nesting([each.content for each in found])
        self._voice: dict[int, Voice | None] = {}
        self._chain: dict[int, tuple[Hop, ...]] = {}
        self._said: dict[int, str | None] = {}
        self._last: dict[str, tuple[int, str]] = {}  # by the voice's name: its paragraph, and when it spoke there

    def findings(self) -> tuple[ExtractedStatement, ...]:
        spoken = sorted(range(len(self._found)), key=lambda i: self._place(i))
        for i in spoken:
            self._name(i)
        for i in range(len(self._found)):
            self._chain[i] = self._relayed(i)
            self._said[i] = self._when(i)
        return tuple(self._finding(i) for i in range(len(self._found)))

    def _place(self, i: int) -> int:
        mention = self._found[i].mention
        return mention.start if mention else self._found[i].content[0].start

    def _name(self, i: int) -> Voice | None:
        """Who says it; who says what it stands inside is found first, for "I" is that voice."""
        if i not in self._voice:
            self._voice[i] = None
            each, outer = self._found[i], self._within[i]
            around = self._name(outer) if outer is not None else None
            self._voice[i] = self._voices.meant(each.mention, each.content, around) if each.mention else None
        return self._voice[i]

    def _relayed(self, i: int) -> tuple[Hop, ...]:
        each, voice, outer = self._found[i], self._voice[i], self._within[i]
        around: list[Hop] = []
        if outer is not None:
            around = list(self._chain[outer])
            teller = self._voice[outer]
            if teller is not None:
                around.append(Hop(teller, _first(self._found[outer].cue)))
        own = list(chain.relays(self._text, each, self._voices))
        if not around and not own and voice is not None and voice.kind is SpeakerKind.DOCUMENT:
            paper = self._voices.paper(voice)
            published = chain.publisher(self._text, paper, self._voices) if paper else None
            own = [published] if published else []
        return chain.joined(around, own, voice)

    def _when(self, i: int) -> str | None:
        each, voice, outer = self._found[i], self._voice[i], self._within[i]
        cue = _first(each.cue)
        place = cue or each.mention or each.content[0]
        block = max(0, bisect.bisect_right(self._starts, place.start) - 1)
        day = (self._said[outer] or self._day) if outer is not None else self._day
        around = sentences.find_sentence(self._text, place.start, self._inside(outer, place) or self._blocks[block])
        said = saying.date_of(self._text, cue, around, each.content, day) if cue else None
        said = said or self._known(each, voice, block, around, day)
        if said and voice is not None:
            self._last[voice.name] = (block, said)
        return said

    def _inside(self, outer: int | None, place: Span) -> Span | None:
        """The stretch of the words around that a place stands in."""
        pieces = self._found[outer].content if outer is not None else ()
        return next((piece for piece in pieces if piece.start <= place.start and place.end <= piece.end), None)

    def _known(
        self, each: AttributionRelation, voice: Voice | None, block: int, around: Span, day: str | None
    ) -> str | None:
        """A date that the sentence does not give: the document's, that of words before, or the day that is today."""
        if voice is not None and voice.kind is SpeakerKind.DOCUMENT:
            paper = self._voices.paper(voice)
            return saying.date_in(self._text, paper.dated, day) if paper and paper.dated else None
        paragraph, before = self._last.get(voice.name, (-1, None)) if voice is not None else (-1, None)
        near = block == paragraph or (block == paragraph + 1 and saying.same_occasion(self._text, around))
        if before and (near or saying.says_today(self._text, each.kind, each.content)):
            return before
        return saying.today(day) if saying.says_today(self._text, each.kind, each.content) else None

    def _finding(self, i: int) -> ExtractedStatement:
        each = self._found[i]
        return ExtractedStatement(
            content=each.content,
            kind=each.kind,
            grade=each.grade,
            confidence=each.confidence,
            rule=each.rule,
            voice=self._voice[i],
            mention=each.mention,
            cue=_first(each.cue),
            chain=self._chain[i],
            said=self._said[i],
            parent=self._within[i],
        )


def _first(cue: Sequence[Span]) -> Span | None:
    return cue[0] if cue else None
