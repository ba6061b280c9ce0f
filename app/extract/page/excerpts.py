"""Find excerpts: words quoted in paragraphs of their own, often without marks.

An excerpt follows a paragraph that announces it ("TASS reported:"), after any furniture between the two, or it ends
with its own cue ("…, he said").
"""

import bisect
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.attribution import lexicon
from app.extract.findings import AttributionRelation, Grade, Relay
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
_LOWERCASE_WORD = re.compile(r"(?<![\w-])[a-z]{3,16}(?![\w-])")
_PAST = re.compile(r"\w+(?:ed|ing)|said|says|told|tells|wrote|writes|written|adds")
_FIRST_PERSON = re.compile(r"\b(?:I(?=[ ’'])|we|our|my|us|We|Our|My)\b")
_TRAILING_CUE = re.compile(
    r",[ \u00a0](he|she|they|it|(?:[Tt]he[ \u00a0]|[A-Z])[^,\n]{1,60}?)[ \u00a0]"
    r"(said|says|wrote|added|stated|noted)\b[^,;:\n]{0,60}\.?$"
)
_LISTED = re.compile(r"[A-Z][A-Z .’'-]{2,30}:|\d{1,2}[.)]")  # a line of a transcript or a list
_SUBJECT = re.compile(r"[^,;:]{2,90}$")
_CLAUSE_BEFORE = re.compile(r".{0,80}\b(?:that|while|when|and|but|which)[ \u00a0]")
_AUXILIARIES = re.compile(
    r"(?:[ \u00a0]+(?:also|then|later|has|have|had|was|is|as|further|recently|previously)){1,4}[ \u00a0]*$"
)
_LEAD = 600  # code points at the end of the announcing paragraph that are searched
_DOCUMENT_CUE = re.compile(  # a document and its verb directly before an opening mark
    rf"\b((?:[Tt]he|[Tt]his|[Tt]hat|[Ii]ts)[ \u00a0](?:[\w-]{{1,20}}[ \u00a0]){{0,3}}"
    rf"(?:{'|'.join(sorted(nouns.DOCUMENT_NOUNS))}))[ \u00a0]"
    r"((?:also[ \u00a0])?(?:provides|calls|called|provided)[ \u00a0]for|says|said|states|stated|reads|stipulates|"
    r"stipulated|requires|required|guarantees|obliges|promises|defines|describes)[ \u00a0][“\"„«‘]{1,2}$"
)
_OPENING = '“„«"‘‟'
_MAX_PARAGRAPHS = 40  # of one quotation
_MIN_WORDS = 4  # of an excerpt
_MAX_GAP = 8  # words between the verb and the colon before an excerpt without marks


@dataclass(frozen=True, slots=True)
class _Lead:
    """The cue, the source and the relaying voices in the paragraph that announces an excerpt."""

    cue: Span
    mention: Span | None
    relays: tuple[Relay, ...] = ()


def find_excerpts(text: str, blocks: Sequence[Span], doc: "Doc | None") -> list[AttributionRelation]:
    """Return the excerpts among the blocks of an article, in order."""
    excerpts = []
    for number, block in enumerate(blocks):
        if _COLON.search(text, max(block.start, block.end - 900), block.end):
            excerpt = _find_announced(text, block, blocks[number + 1 : number + 1 + _MAX_PARAGRAPHS], doc)
        else:
            excerpt = _find_with_trailing_cue(text, block)
        if excerpt is not None:
            excerpts.append(excerpt)
    return excerpts


def _find_announced(
    text: str, block: Span, next_blocks: Sequence[Span], doc: "Doc | None"
) -> AttributionRelation | None:
    """Return the excerpt that a block announces with a colon."""
    content = _find_content(text, next_blocks)
    lead = _find_lead(text, block, doc) if content else None
    if lead is None:
        return None
    is_marked = text[content[0].start - 1] in _OPENING
    if not is_marked and (lead.mention is None or len(text[lead.cue.end : block.end].split()) > _MAX_GAP):
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


def _find_content(text: str, blocks: Sequence[Span]) -> tuple[Span, ...]:
    """Return the first block without marks around it, and further ones while each opens a mark and closes none."""
    pieces: list[Span] = []
    for block in blocks:
        words = text[block.start : block.start + 200]
        if text[block.start] not in _OPENING:
            is_prose = len(words.split()) >= _MIN_WORDS and not _LISTED.match(words) and text[block.end - 1] != ":"
            return tuple(pieces) if pieces else ((block,) if is_prose else ())
        quotes = marks.find_quoted(text, block.start, block.end)
        if not quotes or quotes[0].start > block.start + 2 or quotes[0].end < block.end - 3:
            return tuple(pieces)
        if _LISTED.match(text, quotes[0].start):
            return ()
        pieces.append(quotes[0])
        if quotes[0].end < block.end:
            break
    return tuple(pieces)


def _find_lead(text: str, block: Span, doc: "Doc | None") -> _Lead | None:
    """Return the lead in the last sentence of a block: by a formula ("reads as follows") or a reporting verb."""
    start = sentences.find_last_start(text, max(block.start, block.end - _LEAD), block.end)
    forms = lexicon.get_speech_forms()
    formula = next(_FORMULA.finditer(text, start, block.end), None)
    for cue in [formula] if formula else reversed(list(_LOWERCASE_WORD.finditer(text, start, block.end))):
        if cue[0] not in forms and not formula:
            continue
        span = Span(*cue.span())
        tokens = doc.char_span(span.start, span.start + 1, alignment_mode="expand") if doc is not None else None
        token = tokens[0] if tokens is not None and len(tokens) else None
        if token is None or not token.pos_:  # without a parse, or beyond its end
            if formula or _PAST.fullmatch(cue[0]):
                return _Lead(span, _find_subject(text, start, span.start))
        elif formula or token.pos_ in ("VERB", "AUX"):
            return _find_parsed_lead(text, span, token, forms)
    return None


def _find_subject(text: str, start: int, end: int) -> Span | None:
    """Return the noun phrase before a verb at `end`, without a parse."""
    subject = _SUBJECT.search(text, max(start, end - 90), end)
    if subject is None:
        return None
    phrase = subject[0]
    clause_before, auxiliaries = _CLAUSE_BEFORE.match(phrase), _AUXILIARIES.search(phrase)
    first = subject.start() + (clause_before.end() if clause_before else 0)
    last = subject.start() + (auxiliaries.start() if auxiliaries else len(phrase))
    first += len(text[first:last]) - len(text[first:last].lstrip())
    last = first + len(text[first:last].rstrip())
    return Span(first, last) if first < last and len(text[first:last].split()) <= _MAX_GAP else None


def _find_parsed_lead(text: str, cue: Span, token: "Token", forms: dict[str, str]) -> _Lead:
    """Return the lead of a parsed verb: its own or inherited subject, and the subjects of verbs of saying above it."""
    mention: Span | None = None
    relays: list[Relay] = []
    for verb in [token, *token.ancestors][:8]:
        subjects = [child for child in verb.lefts if child.dep_ in ("nsubj", "nsubjpass")]
        if not subjects:
            continue
        phrase = issuers.find_noun_phrase(subjects[0])
        if subjects[0].right_edge.i + 1 == subjects[-1].left_edge.i:  # parses separate "news agency" and "TASS"
            phrase = Span(phrase.start, issuers.find_noun_phrase(subjects[-1]).end)
        if mention is None:
            mention = phrase
        elif verb.lower_ in forms and phrase != mention:
            relays.append(Relay(phrase, Span(verb.idx, verb.idx + len(verb))))
    if mention is None:
        mention = _find_subject(text, token.sent.start_char, cue.start)
    return _Lead(cue, mention, tuple(reversed(relays)))


def _find_with_trailing_cue(text: str, block: Span) -> AttributionRelation | None:
    """Return a paragraph in the first person without marks that ends with its cue: "…, he said"."""
    cue = _TRAILING_CUE.search(text, max(block.start, block.end - 160), block.end)
    if cue is None or any(sign in text[block.start : block.end] for sign in '“”"«»'):
        return None
    content = Span(block.start, cue.start() + 1)
    if len(text[content.start : content.end].split()) < 2 * _MIN_WORDS:
        return None
    if not _FIRST_PERSON.search(text, content.start, content.end):
        return None
    return AttributionRelation(
        content=(content,),
        kind=StatementKind.DIRECT,
        grade=Grade.STRICT,
        confidence=0.7,
        rule="closed",
        mention=Span(*cue.span(1)),
        cue=(Span(*cue.span(2)),),
    )


def find_inner_quotations(
    text: str, excerpts: Sequence[Span], attributions: Sequence[AttributionRelation]
) -> list[AttributionRelation]:
    """Return the quotations in marks inside excerpts that overlap none of the attributions."""
    taken = sorted((piece.start, piece.end) for attribution in attributions for piece in attribution.content)
    quotations = []
    for excerpt in excerpts:
        for span in marks.find_quoted(text, excerpt.start, excerpt.end):
            at = bisect.bisect_left(taken, (span.end, 0))
            if any(start < span.end and span.start < end for start, end in taken[max(0, at - 3) : at]):
                continue
            document = _DOCUMENT_CUE.search(text, max(excerpt.start, span.start - 120), span.start)
            quotations.append(
                AttributionRelation(
                    content=(span,),
                    kind=StatementKind.DIRECT,
                    grade=Grade.STRICT,
                    confidence=0.7 if document else 0.5,
                    rule="inner",
                    mention=Span(*document.span(1)) if document else None,
                    cue=(Span(*document.span(2)),) if document else (),
                )
            )
    return quotations
