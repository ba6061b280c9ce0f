"""Assemble statements from attributions: nesting, voice, chain and date of each."""

import bisect
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from app.core.spans import Span
from app.core.vocab import SpeakerKind
from app.extract.circumstances import chain, statement_dates
from app.extract.findings import AttributionRelation, ExtractedStatement, Hop, Voice
from app.extract.mentions.voices import VoiceResolver
from app.extract.page import sentences

if TYPE_CHECKING:
    from spacy.tokens import Doc


class _DatedUtterance(NamedTuple):
    """The last date of a voice, and the block in which it spoke."""

    block: int
    said: str


def assemble_statements(
    text: str,
    named: Sequence[Span],
    blocks: Sequence[Span],
    doc: "Doc | None",
    attributions: Iterable[AttributionRelation],
    *,
    day: str | None,
) -> tuple[ExtractedStatement, ...]:
    """Return the statements of a text, in its order.

    Names are looked for in the stretches `named`; `blocks` are the paragraphs of the article, `day` is the date of
    writing (EDTF).
    """
    voices = VoiceResolver(text, named, doc)
    ordered = sorted(
        (chain.resolve_citation(text, attribution, voices) for attribution in attributions),
        key=lambda attribution: (attribution.content[0].start, -attribution.content[-1].end),
    )
    return _Assembly(text, blocks, voices, ordered, day).build_statements()


class _Assembly:
    """The attributions of one text with the parts of their statements, by index."""

    def __init__(
        self,
        text: str,
        blocks: Sequence[Span],
        voices: VoiceResolver,
        attributions: Sequence[AttributionRelation],
        day: str | None,
    ) -> None:
        self._text, self._blocks, self._voices, self._attributions = text, blocks, voices, attributions
        self._day = day
        self._block_starts = [block.start for block in blocks]
        self._parents = chain.find_parents([attribution.content for attribution in attributions])
        self._resolved: dict[int, Voice | None] = {}
        self._chains: dict[int, tuple[Hop, ...]] = {}
        self._said: dict[int, str | None] = {}
        self._last: dict[str, _DatedUtterance] = {}  # by the name of the voice

    def build_statements(self) -> tuple[ExtractedStatement, ...]:
        numbers = range(len(self._attributions))
        for i in sorted(
            numbers, key=lambda i: (self._attributions[i].mention or self._attributions[i].content[0]).start
        ):
            self._resolve_voice(i)
        for i in numbers:  # outer statements come first
            self._chains[i] = self._build_chain(i)
            self._said[i] = self._find_date(i)
        return tuple(
            ExtractedStatement(
                content=attribution.content,
                kind=attribution.kind,
                grade=attribution.grade,
                confidence=attribution.confidence,
                rule=attribution.rule,
                voice=self._resolved[i],
                mention=attribution.mention,
                cue=_get_first(attribution.cue),
                chain=self._chains[i],
                said=self._said[i],
                parent=self._parents[i],
            )
            for i, attribution in enumerate(self._attributions)
        )

    def _resolve_voice(self, i: int) -> Voice | None:
        """Return the voice of a statement; that of its parent is resolved first, because "I" means that voice."""
        if i not in self._resolved:
            self._resolved[i] = None
            attribution, parent = self._attributions[i], self._parents[i]
            outer = self._resolve_voice(parent) if parent is not None else None
            if attribution.mention:
                self._resolved[i] = self._voices.resolve(attribution.mention, attribution.content, outer)
        return self._resolved[i]

    def _build_chain(self, i: int) -> tuple[Hop, ...]:
        voice, parent = self._resolved[i], self._parents[i]
        outer_hops: list[Hop] = []
        if parent is not None:
            outer_hops = list(self._chains[parent])
            relaying = self._resolved[parent]
            if relaying is not None:
                outer_hops.append(Hop(relaying, _get_first(self._attributions[parent].cue)))
        own_hops = list(chain.find_relays(self._text, self._attributions[i], self._voices))
        if not outer_hops and not own_hops and voice is not None and voice.kind is SpeakerKind.DOCUMENT:
            document = self._voices.get_document(voice)
            publisher = chain.find_publisher(self._text, document, self._voices) if document else None
            own_hops = [publisher] if publisher else []
        return chain.join_hops(outer_hops, own_hops, voice)

    def _find_date(self, i: int) -> str | None:
        """Return the date on which the words were said, and keep it for later statements of the voice."""
        attribution, voice, parent = self._attributions[i], self._resolved[i], self._parents[i]
        cue = _get_first(attribution.cue)
        place = cue or attribution.mention or attribution.content[0]
        block = max(0, bisect.bisect_right(self._block_starts, place.start) - 1)
        day = (self._said[parent] or self._day) if parent is not None else self._day
        outer = self._attributions[parent].content if parent is not None else ()
        holders = (piece for piece in outer if piece.start <= place.start and place.end <= piece.end)
        sentence = sentences.find_sentence(self._text, place.start, next(holders, self._blocks[block]))
        date = statement_dates.find_date_said(self._text, cue, sentence, attribution.content, day) if cue else None
        date = date or self._infer_date(attribution, voice, block, sentence, day)
        if date and voice is not None:
            self._last[voice.name] = _DatedUtterance(block, date)
        return date

    def _infer_date(
        self, attribution: AttributionRelation, voice: Voice | None, block: int, sentence: Span, day: str | None
    ) -> str | None:
        """Return a date from outside the sentence: of the document that speaks, the last utterance, or "today"."""
        if voice is not None and voice.kind is SpeakerKind.DOCUMENT:
            document = self._voices.get_document(voice)
            return (
                statement_dates.find_date_in(self._text, document.dated, day) if document and document.dated else None
            )
        says_today = statement_dates.mentions_today(self._text, attribution.kind, attribution.content)
        last = self._last.get(voice.name) if voice is not None else None
        if last is not None:
            is_same_block, is_next_block = block == last.block, block == last.block + 1
            if (
                is_same_block
                or says_today
                or (is_next_block and statement_dates.refers_to_occasion(self._text, sentence))
            ):
                return last.said
        return statement_dates.get_single_day(day) if says_today else None


def _get_first(cue: Sequence[Span]) -> Span | None:
    return cue[0] if cue else None
