"""Direct and mixed quotations without a model of the language: marks, reporting verbs and capitalized names."""

import re
from collections.abc import Sequence

from app.extract.attribution import quotations
from app.extract.findings import Attributed, Grade
from app.spans import Span
from app.vocab import StatementKind

_SMALL = r"(?!(?:in|on|at|of|for|to|who|which|that|and|as|with|from|by|after|during|before)\b)[a-z][\w’'-]*"
_MENTION = re.compile(
    r"\b(?:he|she|they|it|I|we|He|She|They|It|We|who)\b"
    rf"|\b(?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er|[Tt]heir|[Oo]ne|[Ss]ome|[Tt]wo|[Mm]any)(?: {_SMALL}){{1,3}}(?! ?[A-Z])"
    r"|(?:\b(?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er) (?:[a-z][\w’'-]* ){0,3})?"
    r"(?!(?:The|A|An|His|Her|But|And|In|On|At|As|When|While|After|Then|Later)\b)"
    r"\b[A-Z][\w’'.-]*(?: (?:of |the |de |von |van |al-)?[A-Z][\w’'.-]*){0,6}"
)


def find(text: str, blocks: Sequence[Span]) -> list[Attributed]:
    """Return the quotations in marks, each with the verb and the name beside it."""
    return [_attributed(text, quotation) for quotation in quotations.find(text, blocks)]


def _attributed(text: str, quotation: quotations.Quotation) -> Attributed:
    named = mention(text, quotation)
    sure = quotation.verb is not None and named is not None
    return Attributed(
        content=quotation.pieces,
        kind=StatementKind.DIRECT,
        grade=Grade.STRICT if sure else Grade.WIDE,
        confidence=0.8 if sure else 0.4,
        rule="marks",
        mention=named,
        cue=(quotation.verb,) if quotation.verb else (),
    )


def mention(text: str, quotation: quotations.Quotation) -> Span | None:
    """The name, pronoun or description nearest to the verb, the one before it where that touches it."""
    if quotation.verb is None or quotation.clause is None:
        return None
    verb, clause = quotation.verb, quotation.clause
    before = [Span(*name.span()) for name in _MENTION.finditer(text, clause.start, verb.start)]
    after = [Span(*name.span()) for name in _MENTION.finditer(text, verb.end, clause.end)]
    if before and (not after or verb.start - before[-1].end < 25):
        return before[-1]
    return after[0] if after else None
