"""Direct and mixed quotations without a model of the language: marks, reporting verbs and capitalized names."""

import re
from collections.abc import Sequence

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.attribution import quotations
from app.extract.findings import AttributionRelation, Grade
from app.extract.mentions.nouns import DAYS, MONTHS, words
from app.extract.page import marks, sentences

_SMALL = r"(?!(?:in|on|at|of|for|to|who|which|that|and|as|with|from|by|after|during|before)\b)[a-z\d][\w’'-]*"
_OPENERS = words(  # what a sentence begins with that is in capitals, but no name
    "The A An His Her But And So Yet In On At As Of By For With From To Over After Before During Since Under Despite "
    "When While If Not Just Then Later Earlier Last Now Still Even Also Here There This That"
)
_NO_NAME = "|".join([*sorted(_OPENERS), *map(str.capitalize, (*DAYS, *MONTHS)), "[A-Z][a-z]{2,30}(?:ing|ed) [a-z]"])
_MENTION = re.compile(
    r"\b(?:he|she|they|it|I|we|He|She|They|It|We|who)\b"
    rf"|\b(?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er|[Tt]heir|[Oo]ne|[Ss]ome|[Tt]wo|[Mm]any)(?: {_SMALL}){{1,3}}\b(?! ?[A-Z])"
    r"|(?:\b(?:[Tt]he|[Aa]n?|[Hh]is|[Hh]er) (?:[a-z][\w’'-]* ){0,3})?"
    rf"(?!(?:{_NO_NAME})\b)"
    r"\b[A-Z][\w’'.-]*(?: (?:of |the |de |von |van |al-)?[A-Z][\w’'.-]*){0,6}"
)
_JOINED = re.compile(r"\b(?:and|but|then|by|while|before|after|in)(?: (?:also|later|even|then))? $")
_AFTER_ASIDE = re.compile(r"[,)] (?:(?:also|later|even|then) )?$")
_OPENS_ASIDE = re.compile(r" ?[,(]")
_GOVERNED = re.compile(r"\b(?:in|on|at|of|for|to|with|from|by|after|during|before|under)\s$", re.IGNORECASE)
_ENDS_IN_SENTENCE = re.compile(r",[“”\"'‘’„«»]{1,2} |[?!][“”\"'‘’„«»]{1,2} (?=[a-z])")
_BETWEEN = "“”\"'‘’„«»` \n\u00a0"
_REACH = 200  # code points before a quotation that may say whose it is

_SIGNS = frozenset("\"'“”‘„«»`")
_THAT = re.compile(r"(?:[\w’'.]+\s){0,6}?that\s+")
_NEXT = re.compile(
    r"(?<=,[”\"’'])\s|(?<=,'')\s|\s[–—-]+\s|—"
    r"|,\s(?:which|who|while|although|though|but|and|as|after|before|because|since|when|where)\b"
)


def find_attributions(text: str, blocks: Sequence[Span]) -> list[AttributionRelation]:
    """Return the quotations in marks, each with the verb and the name beside it."""
    return [_attributed(text, quotation) for quotation in quotations.find_quotations(text, blocks)]


def _attributed(text: str, quotation: quotations.Quotation) -> AttributionRelation:
    named = mention(text, quotation)
    pieces = quotation.pieces if quotation.whole else tuple(_clause(text, piece) for piece in quotation.pieces)
    sure = quotation.verb is not None and named is not None
    return AttributionRelation(
        content=pieces,
        kind=_kind(text, quotation),
        grade=Grade.STRICT if sure else Grade.WIDE,
        confidence=0.8 if sure else 0.4,
        rule="marks",
        mention=named,
        cue=(quotation.verb,) if quotation.verb else (),
    )


def _kind(text: str, quotation: quotations.Quotation) -> StatementKind:
    """Mixed where words of the writer's belong to what is said: a clause, or what leads to the marks."""
    first = quotation.pieces[0].start
    led = quotation.verb is not None and text[max(0, first - 1) : first] not in _SIGNS
    return StatementKind.DIRECT if quotation.whole and not led else StatementKind.MIXED


def _clause(text: str, piece: Span) -> Span:
    """The part of a sentence that holds the quoted words: from a "that" on, and no further than the next clause."""
    that = _THAT.match(text, piece.start, piece.end)
    start = that.end() if that else piece.start
    quoted = marks.find_quoted(text, piece.start, piece.end)
    following = _NEXT.search(text, quoted[-1].end, piece.end) if quoted else None
    end = following.start() if following else piece.end
    return Span(start, end) if start < end else piece


def mention(text: str, quotation: quotations.Quotation) -> Span | None:
    """The name, pronoun or description of who speaks: by the verb, the label or the sentence before the quotation."""
    if quotation.label is not None:
        return quotation.label
    if quotation.verb is None or quotation.clause is None:
        following = (_after(text, piece) for piece in quotation.pieces)
        return next(filter(None, following), None) or _before(text, quotation.pieces[0])
    return _beside(text, quotation.verb, quotation.clause)


def _beside(text: str, verb: Span, clause: Span) -> Span | None:
    """The mention nearest to the verb, the one before it where that touches it.

    A verb that goes on with the clause ("…, saying", "and added") has the first of the clause instead, one after an
    aside has what stands before that ("Berg, the mayor, said").
    """
    before = _mentions(text, clause.start, verb.start)
    after = _mentions(text, verb.end, clause.end)
    lead = text[max(clause.start, verb.start - 20) : verb.start]
    aside = _AFTER_ASIDE.search(lead)
    if before and (aside or _JOINED.search(lead)):
        free = [each for each in before if not _is_governed(text, clause.start, each)] or before[-1:]
        if aside is None or text.endswith("ing", verb.start, verb.end):
            return free[0]
        return _before_aside(text, free, verb.start - len(aside[0])) or free[0]
    if before and (not after or verb.start - before[-1].end < 25):
        return before[-1]
    return after[0] if after else None


def _before_aside(text: str, mentions: list[Span], comma: int) -> Span | None:
    """The last mention that a comma or a bracket follows, other than the one right before the verb."""
    followed = (each for each in reversed(mentions) if each.end < comma and _OPENS_ASIDE.match(text, each.end))
    return next(followed, None)


def _after(text: str, piece: Span) -> Span | None:
    """The name right after a quotation that ends as a part of a sentence: "…," Anna Berg from the stairs."""
    between = _ENDS_IN_SENTENCE.match(text, piece.end - 1)
    found = _MENTION.match(text, between.end()) if between else None
    return Span(*found.span()) if found else None


def _before(text: str, first: Span) -> Span | None:
    """Whom the sentence before a quotation is about, or the clause that leads to it: The mayor had one wish: "…." """
    start = max(0, first.start - _REACH)
    end = start + len(text[start : first.start].rstrip(_BETWEEN))
    start = max(sentences.find_last_start(text, start, end), text.rfind("\n", start, end) + 1)
    return next((each for each in _mentions(text, start, end) if not _is_governed(text, start, each)), None)


def _mentions(text: str, start: int, end: int) -> list[Span]:
    return [Span(*found.span()) for found in _MENTION.finditer(text, start, end)]


def _is_governed(text: str, start: int, found: Span) -> bool:
    """Tell whether a mention stands after a preposition, such as the place in "At a meeting in Lagos, …"."""
    return _GOVERNED.search(text[max(start, found.start - 8) : found.start]) is not None
