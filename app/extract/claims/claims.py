"""Extract the plain claims that an article makes about its event."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from app.core.quantities import units, words
from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.circumstances.date_mentions import find_dates
from app.extract.claims.casualties import find_casualties
from app.extract.claims.context import EventContext, Sentence, split_sentences
from app.extract.claims.documents import SIGNING_DATE, find_documents
from app.extract.claims.durations import find_durations, find_earlier_visits
from app.extract.findings import ExtractedClaim, ExtractedStatement, Grade
from app.extract.mentions import names, places

_LEADING = 2  # sentences that show the topic of the article
_WITH_AMOUNTS = 2  # sentences in which amounts of money are the event's
_MAX_CLAIMS = 200  # of one text

_IN = re.compile(
    r"\b(?:(?:visit to|trip to|visit(?:ed|s|ing)?|arriv(?:ed|es|ing) in|landed in|(?:summit|talks|meeting|ceremony|"
    r"conference|rally|protests?|demonstration|attacks?|explosion|blast|bombing|shooting|signed|met|meet|held|"
    r"gathered) in)[ \u00a0]"
    r"(?:the (?:capital|city|capital city) of[ \u00a0])?|\bin the (?:capital city|capital|city) of[ \u00a0])"
)
_NOUNS = "aid|package|deal|contract|fine|settlement|grant|bailout|ransom|investment|budget|donation|penalty"
_OF = re.compile(
    rf"(?:[ \u00a0-](?:worth of|in))?[ \u00a0](?:[a-z-]{{2,16}}[ \u00a0]){{0,2}}?(?:{_NOUNS})\b", re.IGNORECASE
)
_WORTH = re.compile(
    rf"\b(?:(?:{_NOUNS}) (?:worth|of|totall?ing)|fined(?: [\w-]{{1,20}}){{0,4}}?)[ \u00a0]$", re.IGNORECASE
)
_MONEY = re.compile(r"[ \u00a0](?P<unit>euros?|dollars|pounds|yuan|yen|rubles|roubles|rupees)\b")
_PLACE_CONFIDENCE, _AMOUNT_CONFIDENCE = 0.7, 0.55
_WINDOW = 60  # code points before an amount that may name its purpose


def find_claims(
    text: str,
    headline: Span | None,
    article: Sequence[Span],
    statements: Sequence[ExtractedStatement],
    *,
    title: str | None,
    happened: str | None,
    written: str | None,
) -> tuple[ExtractedClaim, ...]:
    """Return the claims of an article, in the order of the text.

    `title` is the headline, if known, `happened` the date of the event, `written` the date of writing (EDTF); a claim
    takes its voice from the statement around it.
    """
    sentences = list(split_sentences(text, headline, article))
    leading = (sentence.words for sentence in sentences if sentence.place < _LEADING)
    context = EventContext(happened, written, [title or "", *leading])
    claims: dict[tuple[str, Span], ExtractedClaim] = {}
    for sentence in sentences:
        for claim in _find_in_sentence(sentence, context):
            claims.setdefault((claim.property, claim.span), claim)
        if len(claims) >= _MAX_CLAIMS:
            break
    ordered = sorted(claims.values(), key=lambda claim: (claim.span.start, claim.span.end))
    return tuple(_add_voices(text, ordered, statements))


def _find_in_sentence(sentence: Sentence, context: EventContext) -> Iterator[ExtractedClaim]:
    """Yield the claims of a sentence; an earlier visit may be claimed even in one about other times."""
    visit = next(find_earlier_visits(sentence, context), None)
    if visit is not None:
        yield visit.claim
    if not context.is_plain(sentence, but=visit.words if visit else None):
        return
    yield from find_documents(sentence, context)
    if sentence.place <= 0:
        yield from _find_place(sentence)
    if words.may_have_figure(sentence.text, sentence.start, sentence.end):
        yield from find_casualties(sentence, context)
        yield from find_durations(sentence, context)
        if sentence.place < _WITH_AMOUNTS:
            yield from _find_amounts(sentence)


def _find_place(sentence: Sentence) -> Iterator[ExtractedClaim]:
    """Yield the town of the event, if the sentence says that it happened there."""
    text, end = sentence.text, sentence.end
    for link in _IN.finditer(text, sentence.start, end):
        name = next(names.find_names(text, link.end(), min(end, link.end() + 60)), None)
        if name is None or name.start != link.end():
            continue
        if places.is_place(name.name) and not places.is_country(name.name):
            yield ExtractedClaim("place", Span(name.start, name.end), name.name, units.NAME, _PLACE_CONFIDENCE)
            return


def _find_amounts(sentence: Sentence) -> Iterator[ExtractedClaim]:
    """Yield the amounts of money of contracts, fines and the like."""
    text = sentence.text
    for figure in words.find_figures(text, sentence.start, sentence.end):
        money = None if figure.unit else _MONEY.match(text, figure.end, sentence.end)
        unit = units.canonicalize_unit(money["unit"]) if money else figure.unit
        if unit is None or unit == "percent":
            continue
        end = money.end() if money else figure.end
        before = text[max(sentence.start, figure.start - _WINDOW) : figure.start]
        if _OF.match(text, end, sentence.end) or _WORTH.search(before):
            yield ExtractedClaim("amount", Span(figure.start, end), figure.number.text, unit, _AMOUNT_CONFIDENCE)


def _add_voices(
    text: str, claims: Iterable[ExtractedClaim], statements: Sequence[ExtractedStatement]
) -> Iterator[ExtractedClaim]:
    """Yield the claims with the voice of the innermost certain statement around each."""
    certain = [statement for statement in statements if statement.grade is Grade.STRICT]
    pieces = sorted(
        (piece.start, -piece.end, place) for place, statement in enumerate(certain) for piece in statement.content
    )
    open_: list[tuple[int, ExtractedStatement]] = []  # the pieces that have begun, by their ends
    next_piece = 0
    for claim in claims:
        while next_piece < len(pieces) and pieces[next_piece][0] <= claim.span.start:
            start, negative_end, place = pieces[next_piece]
            open_ = [(end, statement) for end, statement in open_ if end > start]
            open_.append((-negative_end, certain[place]))
            next_piece += 1
        around = [statement for end, statement in open_ if end >= claim.span.end]
        voiced = _attribute(text, claim, around[-1]) if around else claim
        if voiced is not None:
            yield voiced


def _attribute(text: str, claim: ExtractedClaim, statement: ExtractedStatement) -> ExtractedClaim | None:
    """Attribute a claim to a statement's voice; its "today" is the day of the statement, None if that is unknown."""
    date: str | None = claim.normalized
    if claim.property == SIGNING_DATE and statement.kind is not StatementKind.INDIRECT:
        dates = find_dates(text, claim.span.start, claim.span.end, statement.said)
        date = next((mention.edtf for mention in dates), None)
    return replace(claim, normalized=date, voice=statement.voice) if date else None
