"""Find direct and mixed quotations without a language model: by marks, reporting verbs and capitalized names."""

import re
from collections.abc import Iterator, Sequence

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.attribution.quotations import Quotation, find_quotations
from app.extract.findings import AttributionRelation, Grade
from app.extract.mentions.nouns import DAYS, MONTHS, words
from app.extract.page import marks, sentences

_SMALL = r"(?!(?:in|on|at|of|for|to|who|which|that|and|as|with|from|by|after|during|before)\b)[a-z\d][\w’'-]*"
_OPENERS = words(  # capitalized at the beginning of a sentence, but no names
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
_ASIDE_END = re.compile(r"[,)] (?:(?:also|later|even|then) )?$")
_ASIDE_START = re.compile(r" ?[,(]")
_PREPOSITION = re.compile(r"\b(?:in|on|at|of|for|to|with|from|by|after|during|before|under)\s$", re.IGNORECASE)
_ENDS_IN_SENTENCE = re.compile(r",[“”\"'‘’„«»]{1,2} |[?!][“”\"'‘’„«»]{1,2} (?=[a-z])")
_SEPARATORS = "“”\"'‘’„«»` \n\u00a0"
_REACH = 200  # code points before a quotation that are searched for its source
_MARKS = frozenset("\"'“”‘„«»`")
_THAT = re.compile(r"(?:[\w’'.]+\s){0,6}?that\s+")
_NEXT_CLAUSE = re.compile(
    r"(?<=,[”\"’'])\s|(?<=,'')\s|\s[–—-]+\s|—"
    r"|,\s(?:which|who|while|although|though|but|and|as|after|before|because|since|when|where)\b"
)


def find_attributions(text: str, blocks: Sequence[Span]) -> list[AttributionRelation]:
    """Return the quotations in marks, each with the verb and the name beside it."""
    return [_build_attribution(text, quotation) for quotation in find_quotations(text, blocks)]


def _build_attribution(text: str, quotation: Quotation) -> AttributionRelation:
    mention = find_mention(text, quotation)
    first = quotation.pieces[0].start
    # mixed if words of the writer belong to the content: a clause, or words that lead to the marks
    has_lead = quotation.verb is not None and text[max(0, first - 1) : first] not in _MARKS
    is_complete = quotation.verb is not None and mention is not None
    return AttributionRelation(
        content=quotation.pieces
        if quotation.whole
        else tuple(_cut_to_clause(text, piece) for piece in quotation.pieces),
        kind=StatementKind.DIRECT if quotation.whole and not has_lead else StatementKind.MIXED,
        grade=Grade.STRICT if is_complete else Grade.WIDE,
        confidence=0.8 if is_complete else 0.4,
        rule="marks",
        mention=mention,
        cue=(quotation.verb,) if quotation.verb else (),
    )


def _cut_to_clause(text: str, piece: Span) -> Span:
    """Cut a sentence to the clause with the quoted words: from "that", and up to the next clause."""
    that = _THAT.match(text, piece.start, piece.end)
    start = that.end() if that else piece.start
    quoted = marks.find_quoted(text, piece.start, piece.end)
    next_clause = _NEXT_CLAUSE.search(text, quoted[-1].end, piece.end) if quoted else None
    end = next_clause.start() if next_clause else piece.end
    return Span(start, end) if start < end else piece


def find_mention(text: str, quotation: Quotation) -> Span | None:
    """Return the name, pronoun or description of the source: by the verb, the label or the words beside the marks."""
    if quotation.label is not None:
        return quotation.label
    if quotation.verb is not None and quotation.clause is not None:
        return _find_subject(text, quotation.verb, quotation.clause)
    names = (_find_name_after(text, piece) for piece in quotation.pieces)
    return next(filter(None, names), None) or _find_topic_before(text, quotation.pieces[0])


def _find_subject(text: str, verb: Span, clause: Span) -> Span | None:
    """Return the mention nearest to the verb, preferably the one before it.

    A participle or a second verb ("…, saying", "and added") has the first mention of the clause; a verb after an
    aside ("Berg, the mayor, said") has the mention before the aside.
    """
    before = list(_find_mentions(text, clause.start, verb.start))
    after = _find_mentions(text, verb.end, clause.end)
    if not before:
        return next(after, None)
    lead = text[max(clause.start, verb.start - 20) : verb.start]
    aside = _ASIDE_END.search(lead)
    if aside or _JOINED.search(lead):
        free = [mention for mention in before if not _is_governed(text, clause.start, mention)] or before[-1:]
        if aside is None or text.endswith("ing", verb.start, verb.end):
            return free[0]
        comma = verb.start - len(aside[0])
        followed = (mention for mention in reversed(free) if mention.end < comma)
        return next((mention for mention in followed if _ASIDE_START.match(text, mention.end)), free[0])
    is_near = verb.start - before[-1].end < 25
    return before[-1] if is_near else next(after, before[-1])


def _find_name_after(text: str, piece: Span) -> Span | None:
    """Return the name after a quotation that ends as a part of a sentence: "…," Anna Berg from the stairs."""
    ending = _ENDS_IN_SENTENCE.match(text, piece.end - 1)
    name = _MENTION.match(text, ending.end()) if ending else None
    return Span(*name.span()) if name else None


def _find_topic_before(text: str, quote: Span) -> Span | None:
    """Return the subject of the sentence or clause before a quotation: 'The mayor had one wish: "…."'."""
    start = max(0, quote.start - _REACH)
    end = start + len(text[start : quote.start].rstrip(_SEPARATORS))
    start = max(sentences.find_last_start(text, start, end), text.rfind("\n", start, end) + 1)
    mentions = _find_mentions(text, start, end)
    return next((mention for mention in mentions if not _is_governed(text, start, mention)), None)


def _find_mentions(text: str, start: int, end: int) -> Iterator[Span]:
    return (Span(*match.span()) for match in _MENTION.finditer(text, start, end))


def _is_governed(text: str, start: int, mention: Span) -> bool:
    """Return whether a preposition stands before a mention, such as a place in "At a meeting in Lagos, …"."""
    return _PREPOSITION.search(text[max(start, mention.start - 8) : mention.start]) is not None
