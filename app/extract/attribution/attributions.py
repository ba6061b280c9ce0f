"""Find the attributions of a text: with rules on a model's parse, or with patterns if there is no model."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.attribution import language_model, patterns, quotations, rules
from app.extract.attribution.candidates import Candidate, count_shared_tokens, count_tokens
from app.extract.attribution.judgement import Judgement
from app.extract.attribution.tree import NO_QUOTE, TokenRange, Tree, build_tree
from app.extract.findings import AttributionRelation, Grade, Relay

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    from app.extract.learning.tagger import Tagger  # needs numpy, which comes with spaCy

PARSED = 100_000  # code points of a text that the model parses: more than the longest articles have
STRICT = 0.75  # the lowest confidence of a statement; below is a suggestion
_BATCH = 1000  # blocks that the model parses at once: small batches take a third longer
_CHUNK = re.compile(r"\s{1,200}|\S{1,200}")
_NO_WORDS = re.compile(r"\S{400}")  # the tokenizer takes quadratic time over these
_BEFORE = re.compile(r"[\s,;:.—–-]*(?:that\b[\s,:]*)?")
_AFTER = " \t\n\u00a0,;:.—–-("
_MARKS = "\"'“”‘’„«»`"
_QUOTED_WHOLLY = 0.95  # share of quoted words from which a quotation is direct


class _Piece(NamedTuple):
    """A stretch of the text, and whether the model parses it."""

    span: Span
    parsed: bool


def parse_text(text: str, blocks: Sequence[Span], *, entities: bool = False) -> "Doc | None":
    """Return the parse of the whole text, in which the blocks are analyzed and no sentence crosses two of them.

    With `entities` the model also recognizes names of people, places and organizations, which takes half as long
    again. None without a model. Tokens outside the blocks, beyond the first `PARSED` code points of the blocks, and
    in blocks without words of a language have no analysis.
    """
    nlp = language_model.load_model()
    if nlp is None or not text:
        return None
    from spacy.tokens import Doc

    pieces = list(_split_into_pieces(text, blocks))
    unused = () if entities else ("ner",)
    to_parse = (text[piece.span.start : piece.span.end] for piece in pieces if piece.parsed)
    parsed = nlp.pipe(to_parse, batch_size=_BATCH, disable=unused)
    docs = [next(parsed) if piece.parsed else _build_unparsed(nlp.vocab, text, piece.span) for piece in pieces]
    return Doc.from_docs(docs, ensure_whitespace=False, exclude=["tensor"])  # type: ignore[call-arg]  # its stub lags


def find_attributions(
    text: str, blocks: Sequence[Span], doc: "Doc | None", tagger: "Tagger | None" = None
) -> list[AttributionRelation]:
    """Return the attributions in the blocks of the text, in the order of their contents.

    `doc` is the result of `parse_text`; without it, only direct and mixed quotations are found. `tagger` is a trained
    model that judges the candidates instead of the rules.
    """
    if doc is None:
        return patterns.find_attributions(text, blocks)
    tree = build_tree(doc, text)
    marked = list(quotations.find_quotations(text, blocks))
    judgements = rules.judge_candidates(tree, marked) if tagger is None else tagger.judge(tree, marked, STRICT)
    distinct = _drop_duplicates(_attach_continuations(tree, judgements))
    attributions = [_build_attribution(tree, judgement) for judgement in distinct]
    with_content = [attribution for attribution in attributions if attribution.content]
    return _name_last_source(sorted(with_content, key=lambda attribution: attribution.content[0].start))


def _split_into_pieces(text: str, blocks: Sequence[Span]) -> Iterator[_Piece]:
    """Cut the text into blocks and the stretches between them."""
    position, budget = 0, PARSED
    for block in sorted(blocks, key=lambda span: span.start):
        start = max(block.start, position)
        if start >= block.end:
            continue
        if position < start:
            yield _Piece(Span(position, start), parsed=False)
        budget -= block.end - start
        parsed = budget >= 0 and not _NO_WORDS.search(text, start, block.end)
        yield _Piece(Span(start, block.end), parsed)
        position = block.end
    if position < len(text):
        yield _Piece(Span(position, len(text)), parsed=False)


def _build_unparsed(vocab: "Vocab", text: str, span: Span) -> "Doc":
    from spacy.tokens import Doc

    words = _CHUNK.findall(text[span.start : span.end])
    return Doc(vocab, words=words, spaces=[False] * len(words))


def _attach_continuations(tree: Tree, judgements: list[Judgement]) -> Iterator[Judgement]:
    """Yield the judgements; a quotation without a source joins the statement of the sentence before it."""
    attributed = [judgement for judgement in judgements if not _is_alone(judgement)]
    by_last_sentence = {
        _get_last_sentence(tree, judgement): number
        for number, judgement in enumerate(attributed)
        if judgement.confidence >= STRICT
    }
    for judgement in filter(_is_alone, judgements):
        content = judgement.candidate.content
        number = by_last_sentence.get(_find_sentence_before(tree, content[0].first))
        if number is None:
            yield judgement
        else:
            joined = attributed[number].candidate
            joined = replace(joined, content=joined.content + content)
            attributed[number] = attributed[number]._replace(candidate=joined)
            by_last_sentence[_get_last_sentence(tree, judgement)] = number
    yield from attributed


def _is_alone(judgement: Judgement) -> bool:
    """Return whether the candidate is a quotation without a cue and a label."""
    return judgement.candidate.frame.startswith("alone")


def _get_last_sentence(tree: Tree, judgement: Judgement) -> int:
    """Return the number of the sentence in which an attribution ends."""
    return tree.sentence[max(judgement.candidate.anchor, judgement.candidate.content[-1].last)]


def _find_sentence_before(tree: Tree, token: int) -> int:
    """Return the number of the sentence of the last word before a token, or -1 if there is none."""
    token -= 1
    while token >= 0 and tree.pos[token] in ("PUNCT", "SPACE"):
        token -= 1
    return tree.sentence[token] if token >= 0 else -1


def _drop_duplicates(judgements: Iterator[Judgement]) -> Iterator[Judgement]:
    """Yield the most certain of the judgements on the same words."""
    owners: dict[int, list[Judgement]] = {}  # by token
    for judgement in sorted(judgements, key=lambda judgement: -judgement.confidence):
        content = judgement.candidate.content
        middle = (content[0].first + content[0].last) // 2
        if any(_is_duplicate(judgement, owner) for owner in owners.get(middle, ())):
            continue
        for first, last in content:
            for token in range(first, last + 1):
                owners.setdefault(token, []).append(judgement)
        yield judgement


def _is_duplicate(judgement: Judgement, owner: Judgement) -> bool:
    """Return whether two judgements share half of their words; a statement may also stand inside the other's words."""
    candidate, owning = judgement.candidate, owner.candidate
    if judgement.confidence >= STRICT and candidate.anchor != owning.anchor:
        is_lead = candidate.frame.startswith("lead")  # "She said it was over, the agency reported."
        if _contains(owning, candidate.anchor) or (is_lead and _contains(candidate, owning.anchor)):
            return False
    shared = count_shared_tokens(candidate.content, owning.content)
    return shared / (count_tokens(candidate.content) + count_tokens(owning.content) - shared) >= 0.5


def _contains(candidate: Candidate, token: int) -> bool:
    """Return whether a token is part of the candidate's content."""
    return any(piece.first <= token <= piece.last for piece in candidate.content)


def _build_attribution(tree: Tree, judgement: Judgement) -> AttributionRelation:
    candidate = judgement.candidate
    is_strict = judgement.confidence >= STRICT
    # a suggestion is below one half, whatever the scale of the judge's confidences
    confidence = judgement.confidence if is_strict else judgement.confidence * 0.49 / STRICT
    trimmed = (_trim(tree, piece) for piece in candidate.content)
    pronoun = candidate.pronoun
    return AttributionRelation(
        content=tuple(span for span in trimmed if span is not None),
        kind=_get_kind(tree, candidate),
        grade=Grade.STRICT if is_strict else Grade.WIDE,
        confidence=round(confidence, 3),
        rule=judgement.rule,
        mention=tree.get_span(candidate.source) if candidate.source else None,
        cue=tuple(map(tree.get_span, candidate.cue)),
        pronoun=tree.get_span(TokenRange(pronoun, pronoun)) if pronoun is not None else None,
        relays=(Relay(tree.get_span(candidate.relay), tree.get_span(candidate.cue[0])),) if candidate.relay else (),
    )


def _get_kind(tree: Tree, candidate: Candidate) -> StatementKind:
    tokens = [token for first, last in candidate.content for token in range(first, last + 1)]
    words = [token for token in tokens if tree.pos[token] not in ("PUNCT", "SPACE")] or tokens
    quoted = sum(tree.quote[token] != NO_QUOTE for token in words)
    if not quoted:
        return StatementKind.INDIRECT
    return StatementKind.DIRECT if quoted >= _QUOTED_WHOLLY * len(words) else StatementKind.MIXED


def _trim(tree: Tree, piece: TokenRange) -> Span | None:
    """Return the span of a piece of content without enclosing marks, a leading "that" and the writer's punctuation."""
    text, first_quote, last_quote = tree.text, tree.quote[piece.first], tree.quote[piece.last]
    start, end = tree.start[piece.first], tree.end[piece.last]
    number = first_quote if first_quote != NO_QUOTE else last_quote
    if number != NO_QUOTE:
        inside = tree.quotes[number]
        if inside.start - 2 <= start and end <= inside.end + 2:
            return Span(max(start, inside.start), min(end, inside.end))
    leading = _BEFORE.match(text, start, end)
    start = leading.end() if leading else start
    while end > start and text[end - 1] in _AFTER:
        end -= 1
    if last_quote != NO_QUOTE:
        end = _include_closing_mark(text, end, tree.quotes[last_quote].end)
    return Span(start, end) if start < end else None


def _include_closing_mark(text: str, end: int, closing: int) -> int:
    """Return the end of a mixed quotation after the mark at `closing`, if the quotation reaches it."""
    if end < closing - 1 or text[closing : closing + 1] not in _MARKS:
        return end
    return min(closing + (2 if text[closing : closing + 2] in ("''", "``") else 1), len(text))


def _name_last_source(attributions: list[AttributionRelation]) -> list[AttributionRelation]:
    """Give a quotation without a source the source of the last statement before it."""
    last: Span | None = None
    named = []
    for attribution in attributions:
        if attribution.mention is None and attribution.rule in ("marks-alone", "marks") and last is not None:
            attribution = replace(attribution, mention=last)
        elif attribution.mention is not None and attribution.grade is Grade.STRICT:
            last = attribution.mention
        named.append(attribution)
    return named
