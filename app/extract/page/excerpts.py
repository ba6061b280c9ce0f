"""Words given verbatim without marks: what a paragraph ending in a colon introduces, and what "…, he said" closes.

An excerpt is the paragraph after the one that announces it ("TASS reported:"), whatever furniture the page puts
between the two.
"""

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.attribution import lexicon
from app.extract.findings import AttributionRelation, Grade
from app.extract.mentions import issuers, nouns
from app.extract.page import marks, sentences

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_COLON = re.compile(r"[ \u00a0\]\)]{0,400}:[ \u00a0]{0,400}$")
_FORMULA = re.compile(
    r"\b(?:(?:reads?|goes|went|runs?|ran|states?|says?|said)(?: in (?:part|full))?(?:,? as follows)"
    r"|(?:contain|include|offer|issue|release|publish|make|post|write|give|have)(?:s|d|ed)? the following [a-z]{1,20}"
    r"|(?:contained|included|offered|issued|released|published|made|posted|wrote|gave|has|had|sent) "
    r"(?:the following|this) [a-z]{1,20}|as follows)\b"
)
_FORM = re.compile(r"(?<![\w-])[a-z]{3,16}(?![\w-])")
_PAST = re.compile(r"\w+(?:ed|ing)|said|says|told|tells|wrote|writes|written|adds")
_OWN = re.compile(r"\b(?:I(?=[ ’'])|we|our|my|us|We|Our|My)\b")
_CLOSED = re.compile(
    r",[ \u00a0](he|she|they|it|(?:[Tt]he[ \u00a0]|[A-Z])[^,\n]{1,60}?)[ \u00a0]"
    r"(said|says|wrote|added|stated|noted)\b[^,;:\n]{0,60}\.?$"
)
_SPEAKS = re.compile(r"[A-Z][A-Z .’'-]{2,30}:|\d{1,2}[.)]")  # a transcript's or a list's line
_SUBJECT = re.compile(r"[^,;:]{2,90}$")
_BESIDE = re.compile(r".{0,80}\b(?:that|while|when|and|but|which)[ \u00a0]")
_AFTER = re.compile(
    r"(?:[ \u00a0]+(?:also|then|later|has|have|had|was|is|as|further|recently|previously)){1,4}[ \u00a0]*$"
)
_LEAD = 600  # code points at the end of the announcing paragraph that are looked at
_PROVIDES = re.compile(  # a document's verb directly before an opening mark
    rf"\b((?:[Tt]he|[Tt]his|[Tt]hat|[Ii]ts)[ \u00a0](?:[\w-]{{1,20}}[ \u00a0]){{0,3}}"
    rf"(?:{'|'.join(sorted(nouns.DOCUMENT))}))[ \u00a0]"
    r"((?:also[ \u00a0])?(?:provides|calls|called|provided)[ \u00a0]for|says|said|states|stated|reads|stipulates|"
    r"stipulated|requires|required|guarantees|obliges|promises|defines|describes)[ \u00a0][“\"„«‘]{1,2}$"
)
_OPENING = '“„«"‘‟'
_LONGEST = 40  # paragraphs of one quotation
_SHORTEST = 4  # words of an excerpt
_NEAR = 8  # words between the verb and the colon, where no marks stand around what follows


@dataclass(frozen=True, slots=True)
class _Lead:
    cue: Span
    mention: Span | None
    relays: tuple[tuple[Span, Span | None], ...] = ()


def find(text: str, blocks: Sequence[Span], doc: "Doc | None") -> list[AttributionRelation]:
    """Return the excerpts among the blocks of an article, in order."""
    found: list[AttributionRelation] = []
    for i, block in enumerate(blocks):
        if _COLON.search(text, max(block.start, block.end - 900), block.end):
            excerpt = _introduced(text, blocks, i, doc)
        else:
            excerpt = _closed(text, block)
        if excerpt is not None:
            found.append(excerpt)
    return found


def _introduced(text: str, blocks: Sequence[Span], i: int, doc: "Doc | None") -> AttributionRelation | None:
    content = _excerpt(text, blocks[i + 1 : i + 1 + _LONGEST])
    lead = _lead(text, blocks[i], doc) if content else None
    if lead is None:
        return None
    marked = text[content[0].start - 1] in _OPENING
    if not marked and (lead.mention is None or len(text[lead.cue.end : blocks[i].end].split()) > _NEAR):
        return None
    return AttributionRelation(
        content=content,
        kind=StatementKind.DIRECT,
        grade=Grade.STRICT,
        confidence=0.85 if lead.mention else 0.6,
        rule="excerpt",
        mention=lead.mention,
        cue=(lead.cue,),
        relays=lead.relays,
    )


def _excerpt(text: str, following: Sequence[Span]) -> tuple[Span, ...]:
    """The paragraph that follows, without marks around all of it; more where each opens anew and none is closed."""
    pieces: list[Span] = []
    for block in following:
        words = text[block.start : block.start + 200]
        if text[block.start] not in _OPENING:
            prose = len(words.split()) >= _SHORTEST and not _SPEAKS.match(words) and text[block.end - 1] != ":"
            return tuple(pieces) if pieces else ((block,) if prose else ())
        quoted = marks.find_quoted(text, block.start, block.end)
        if not quoted or quoted[0].start > block.start + 2 or quoted[0].end < block.end - 3:
            return tuple(pieces)
        if _SPEAKS.match(text, quoted[0].start):
            return ()
        pieces.append(quoted[0])
        if quoted[0].end < block.end:
            break
    return tuple(pieces)


def _lead(text: str, block: Span, doc: "Doc | None") -> _Lead | None:
    start = sentences.find_last_start(text, max(block.start, block.end - _LEAD), block.end)
    forms = lexicon.get_speech_forms()
    formula = next(_FORMULA.finditer(text, start, block.end), None)
    for cue in [formula] if formula else reversed(list(_FORM.finditer(text, start, block.end))):
        if cue[0] not in forms and not formula:
            continue
        token = _token(doc, cue.start()) if doc is not None else None
        span = Span(*cue.span())
        if token is None or not token.pos_:  # nothing was parsed, or not as far as this
            if formula or _PAST.fullmatch(cue[0]):
                return _Lead(span, _subject(text, start, span.start))
        elif formula or token.pos_ in ("VERB", "AUX"):
            return _parsed(text, span, token, forms)
    return None


def _subject(text: str, start: int, place: int) -> Span | None:
    """The noun phrase before a verb, where nothing parses the sentence."""
    found = _SUBJECT.search(text, max(start, place - 90), place)
    if found is None:
        return None
    phrase = found[0]
    before = _BESIDE.match(phrase)
    first = found.start() + (before.end() if before else 0)
    after = _AFTER.search(phrase)
    last = found.start() + (after.start() if after else len(phrase))
    first += len(text[first:last]) - len(text[first:last].lstrip())
    last = first + len(text[first:last].rstrip())
    return Span(first, last) if first < last and len(text[first:last].split()) <= _NEAR else None


def _token(doc: "Doc", place: int) -> "Token | None":
    found = doc.char_span(place, place + 1, alignment_mode="expand")
    return found[0] if found is not None and len(found) else None


def _parsed(text: str, cue: Span, token: "Token", forms: dict[str, str]) -> _Lead:
    """The speaker is the verb's subject, its own or inherited; verbs of saying above it are those of who relays."""
    mention: Span | None = None
    relays: list[tuple[Span, Span | None]] = []
    for verb in [token, *token.ancestors][:8]:
        subjects = [kid for kid in verb.lefts if kid.dep_ in ("nsubj", "nsubjpass")]
        if not subjects:
            continue
        phrase = issuers.phrase(subjects[0])
        if subjects[0].right_edge.i + 1 == subjects[-1].left_edge.i:  # "news agency" and "TASS", as parses have it
            phrase = Span(phrase.start, issuers.phrase(subjects[-1]).end)
        if mention is None:
            mention = phrase
        elif verb.lower_ in forms and phrase != mention:
            relays.append((phrase, Span(verb.idx, verb.idx + len(verb))))
    if mention is None:
        mention = _subject(text, token.sent.start_char, cue.start)
    return _Lead(cue, mention, tuple(reversed(relays)))


def inner(text: str, excerpts: Sequence[Span], others: Sequence[AttributionRelation]) -> list[AttributionRelation]:
    """Return what stands in marks within excerpts and is in none of the others: somebody's words too."""
    known = sorted((piece.start, piece.end) for each in others for piece in each.content)
    found: list[AttributionRelation] = []
    for excerpt in excerpts:
        for span in marks.find_quoted(text, excerpt.start, excerpt.end):
            at = bisect.bisect_left(known, (span.end, 0))
            if not any(start < span.end and span.start < end for start, end in known[max(0, at - 3) : at]):
                source = _PROVIDES.search(text, max(excerpt.start, span.start - 120), span.start)
                found.append(_quoted_inside(span, source))
    return found


def _quoted_inside(span: Span, source: re.Match[str] | None) -> AttributionRelation:
    return AttributionRelation(
        content=(span,),
        kind=StatementKind.DIRECT,
        grade=Grade.STRICT,
        confidence=0.7 if source else 0.5,
        rule="inner",
        mention=Span(*source.span(1)) if source else None,
        cue=(Span(*source.span(2)),) if source else (),
    )


def _closed(text: str, block: Span) -> AttributionRelation | None:
    """A paragraph in the first person that ends with who said it, though no marks stand around it."""
    end = block.end
    close = _CLOSED.search(text, max(block.start, end - 160), end)
    if close is None or any(sign in text[block.start : end] for sign in '“”"«»'):
        return None
    words = Span(block.start, close.start() + 1)
    if len(text[words.start : words.end].split()) < 2 * _SHORTEST or not _OWN.search(text, words.start, words.end):
        return None
    return AttributionRelation(
        content=(words,),
        kind=StatementKind.DIRECT,
        grade=Grade.STRICT,
        confidence=0.7,
        rule="closed",
        mention=Span(*close.span(1)),
        cue=(Span(*close.span(2)),),
    )
