"""Attributions of a text: by rules on a model's parse where there is one, by patterns where there is none."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.attribution import language_model, patterns, quotations, rules
from app.extract.attribution.candidates import Candidate, count_tokens
from app.extract.attribution.judgement import Judgement
from app.extract.attribution.tree import NO_QUOTE, TokenRange, Tree, build_tree
from app.extract.findings import AttributionRelation, Grade

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    from app.extract.learning.tagger import Tagger  # which needs numpy, that comes with spaCy

PARSED = 100_000  # code points of a text that the model is given: the longest articles and then some
STRICT = 0.75  # what is surer than this is a statement
_BATCH = 1000  # blocks that the model reads at once: small batches take a third longer
_PIECE = re.compile(r"\s{1,200}|\S{1,200}")
_NO_WORDS = re.compile(r"\S{400}")  # the tokenizer takes quadratic time over these
_BEFORE = re.compile(r"[\s,;:.—–-]*(?:that\b[\s,:]*)?")
_AFTER = " \t\n\u00a0,;:.—–-("
_MARKS = "\"'“”‘’„«»`"
_QUOTED_WHOLLY = 0.95  # of the words of a direct quotation


def parse_text(text: str, blocks: Sequence[Span], *, entities: bool = False) -> "Doc | None":
    """Return the parse of the whole text, in which the blocks are analyzed and no sentence crosses two of them.

    With `entities` the model also tells names of people, places and organizations, which takes half as long again.
    None without a model. Blocks beyond the first `PARSED` code points and those that hold no words of a language are
    tokens without analysis, as is all that is no block.
    """
    nlp = language_model.load_model()
    if nlp is None or not text:
        return None
    from spacy.tokens import Doc

    pieces = list(_pieces(text, blocks))
    unused = () if entities else ("ner",)
    parsed = nlp.pipe((text[span.start : span.end] for span, read in pieces if read), batch_size=_BATCH, disable=unused)
    docs = [next(parsed) if read else _unread(nlp.vocab, text[span.start : span.end]) for span, read in pieces]
    return Doc.from_docs(docs, ensure_whitespace=False, exclude=["tensor"])  # type: ignore[call-arg]  # its stub lags


def find_attributions(
    text: str, blocks: Sequence[Span], doc: "Doc | None", tagger: "Tagger | None" = None
) -> list[AttributionRelation]:
    """Return the attributions in the blocks of the text, in the order of their words.

    `doc` is what `parse` made of the text; without it, direct and mixed quotations alone are found. `tagger` is a
    trained model that judges in place of the rules.
    """
    if doc is None:
        return patterns.find_attributions(text, blocks)
    tree = build_tree(doc, text)
    marked = list(quotations.find_quotations(text, blocks))
    verdicts = rules.judge(tree, marked) if tagger is None else tagger.judge(tree, marked, STRICT)
    found = [_attributed(tree, verdict) for verdict in _distinct(tree, _continued(tree, verdicts))]
    return _named(text, sorted((each for each in found if each.content), key=lambda each: each.content[0].start))


def _pieces(text: str, blocks: Sequence[Span]) -> Iterator[tuple[Span, bool]]:
    """Cut the text into blocks and what stands between them, and say which the model shall read."""
    position, left = 0, PARSED
    for block in sorted(blocks, key=lambda span: span.start):
        start = max(block.start, position)
        if start >= block.end:
            continue
        if position < start:
            yield Span(position, start), False
        left -= block.end - start
        yield Span(start, block.end), left >= 0 and not _NO_WORDS.search(text, start, block.end)
        position = block.end
    if position < len(text):
        yield Span(position, len(text)), False


def _unread(vocab: "Vocab", text: str) -> "Doc":
    from spacy.tokens import Doc

    words = _PIECE.findall(text)
    return Doc(vocab, words=words, spaces=[False] * len(words))


def _continued(tree: Tree, verdicts: list[Judgement]) -> Iterator[Judgement]:
    """The verdicts, where a quotation nobody is named for joins what was said in the sentence before it."""
    spoken = [each for each in verdicts if not each.candidate.frame.startswith("alone")]
    ends = {_last_sentence(tree, each): number for number, each in enumerate(spoken) if each.confidence >= STRICT}
    for each in verdicts:
        if not each.candidate.frame.startswith("alone"):
            continue
        number = ends.get(_sentence_before(tree, each.candidate.content[0][0]))
        if number is None:
            yield each
        else:
            spoken[number] = _joined(spoken[number], each)
            ends[_last_sentence(tree, each)] = number
    yield from spoken


def _joined(one: Judgement, other: Judgement) -> Judgement:
    content = one.candidate.content + other.candidate.content
    return one._replace(candidate=replace(one.candidate, content=content))


def _last_sentence(tree: Tree, verdict: Judgement) -> int:
    return tree.sentence[max(verdict.candidate.anchor, verdict.candidate.content[-1][1])]


def _sentence_before(tree: Tree, token: int) -> int:
    """The number of the sentence that the last word before a token stands in; -1 where there is none."""
    token -= 1
    while token >= 0 and tree.pos[token] in ("PUNCT", "SPACE"):
        token -= 1
    return tree.sentence[token] if token >= 0 else -1


def _distinct(tree: Tree, verdicts: Iterator[Judgement]) -> Iterator[Judgement]:
    """Of verdicts about the same words, the surest."""
    owners: dict[int, list[Judgement]] = {}
    for verdict in sorted(verdicts, key=lambda each: -each.confidence):
        content = verdict.candidate.content
        first, last = content[0]
        middle = (first + last) // 2
        if any(_same(verdict, other) for other in owners.get(middle, ())):
            continue
        for start, end in content:
            for token in range(start, end + 1):
                owners.setdefault(token, []).append(verdict)
        yield verdict


def _same(one: Judgement, other: Judgement) -> bool:
    """Tell whether two verdicts are about the same words; a sure one may attribute within the other's words."""
    if one.confidence >= STRICT and one.candidate.anchor != other.candidate.anchor:
        reports = one.candidate.frame.startswith("lead")  # "She said it was over, the agency reported."
        if _attributes_within(one, other) or (reports and _attributes_within(other, one)):
            return False
    return _overlap(one.candidate.content, other.candidate.content) >= 0.5


def _attributes_within(one: Judgement, other: Judgement) -> bool:
    """Tell whether the word that attributes one stands in the words of the other."""
    return any(first <= one.candidate.anchor <= last for first, last in other.candidate.content)


def _overlap(one: tuple[TokenRange, ...], other: tuple[TokenRange, ...]) -> float:
    """The share of the tokens of two contents that both have."""
    shared = sum(max(0, min(a[1], b[1]) - max(a[0], b[0]) + 1) for a in one for b in other)
    return shared / (count_tokens(one) + count_tokens(other) - shared)


def _attributed(tree: Tree, verdict: Judgement) -> AttributionRelation:
    candidate = verdict.candidate
    kind = _kind(tree, candidate)
    strict = verdict.confidence >= STRICT
    content = tuple(span for piece in candidate.content if (span := _trimmed(tree, piece)) is not None)
    return AttributionRelation(
        content=content,
        kind=kind,
        grade=Grade.STRICT if strict else Grade.WIDE,
        # a suggestion is below one half, however the judge scales what it says
        confidence=round(verdict.confidence if strict else verdict.confidence * 0.49 / STRICT, 3),
        rule=verdict.rule,
        mention=_span(tree, candidate.source) if candidate.source else None,
        cue=tuple(_span(tree, each) for each in candidate.cue),
        pronoun=_span(tree, (candidate.pronoun, candidate.pronoun)) if candidate.pronoun is not None else None,
        relays=((_span(tree, candidate.relay), _span(tree, candidate.cue[0])),) if candidate.relay else (),
    )


def _kind(tree: Tree, candidate: Candidate) -> StatementKind:
    tokens = [token for first, last in candidate.content for token in range(first, last + 1)]
    words = [token for token in tokens if tree.pos[token] not in ("PUNCT", "SPACE")] or tokens
    inside = sum(tree.quote[token] != NO_QUOTE for token in words)
    if not inside:
        return StatementKind.INDIRECT
    return StatementKind.DIRECT if inside >= _QUOTED_WHOLLY * len(words) else StatementKind.MIXED


def _span(tree: Tree, tokens: TokenRange) -> Span:
    return Span(tree.start[tokens[0]], tree.end[tokens[1]])


def _trimmed(tree: Tree, tokens: TokenRange) -> Span | None:
    """The span of a piece of content: no mark around it, no "that" before it, no punctuation of the writer's beside."""
    text, quote = tree.text, tree.quote
    start, end = tree.start[tokens[0]], tree.end[tokens[1]]
    number = quote[tokens[0]] if quote[tokens[0]] != NO_QUOTE else quote[tokens[1]]
    if number != NO_QUOTE:
        inside = tree.quotes[number]
        if inside.start - 2 <= start and end <= inside.end + 2:
            return Span(max(start, inside.start), min(end, inside.end))
    start = max(start, _skip(text, start, end))
    while end > start and text[end - 1] in _AFTER:
        end -= 1
    closing = tree.quotes[quote[tokens[1]]].end if quote[tokens[1]] != NO_QUOTE else None
    if closing is not None and end >= closing - 1 and text[closing : closing + 1] in _MARKS:
        end = closing + len(text[closing : closing + 2]) if text[closing : closing + 2] in ("''", "``") else closing + 1
        end = min(end, len(text))
    return Span(start, end) if start < end else None


def _skip(text: str, start: int, end: int) -> int:
    found = _BEFORE.match(text, start, end)
    return found.end() if found else start


def _named(text: str, found: list[AttributionRelation]) -> list[AttributionRelation]:
    """Give a quotation nobody is named for the voice that spoke last."""
    last: Span | None = None
    named = []
    for each in found:
        if each.mention is None and each.rule in ("marks-alone", "marks") and last is not None:
            each = replace(each, mention=last)
        elif each.mention is not None and each.grade is Grade.STRICT:
            last = each.mention
        named.append(each)
    return named
