"""Find the date on which words were said, and the date on which a text was written, as the text gives them."""

import re
from collections.abc import Iterable, Sequence

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.circumstances.date_mentions import DateMention, find_dates, may_contain_date

_OTHER = re.compile(
    r"\b(?:who|which|whose|since|until|before|after|following|ahead|from|by|between|dated|scheduled|next|when|where|for|"
    r"signed|elected|held|published|because)\b[^,]{0,60}$"
)
_OF_A_NOUN = re.compile(
    r"(?:\b(?:the|a|an|his|her|its|their|this|that|of)|['’]s)[ \u00a0]$|\b(?:referring|refers|about)\b"
)
_BREAKS = re.compile(r"[;:“”\"]")
_SAME_OCCASION = re.compile(
    r"\bin (?:his|her|its|their|the|that|this|the same) (?:statement|interview|speech|remarks|address|letter)\b"
)
_NOW = re.compile(r"\b(?:[Tt]oday|[Tt]onight|[Tt]his morning)\b")
_DATELINE = re.compile(
    r"^[A-Z][A-Z .,’'()-]{2,60}?,? ?(?:\([A-Za-z /]{2,30}\) )?(?:[A-Z][a-z]{2,8}\.? \d\d?(?:, \d{4})?) ?"
    r"(?:\([A-Za-z /]{2,30}\) ?)?[—–-]"
)
_BYLINE = re.compile(r"(?:written|reported|published|posted|by)\b", re.IGNORECASE)
_BYLINE_LENGTH = 160
_NEAR = 80  # code points between a cue and its date


def find_date_written(text: str, furniture: Iterable[Span], first: Span | None, published: str | None) -> str | None:
    """Return the date of writing (EDTF) from the dateline, or from a byline above or below the article."""
    if first is not None:
        dateline = _DATELINE.match(text[first.start : first.start + 160])
        if dateline:
            dates = find_dates(text, first.start, first.start + dateline.end(), published)
            return next((date.edtf for date in dates if date.edtf), None)
    for line in furniture:
        is_above = first is not None and line.end <= first.start
        if line.end - line.start <= _BYLINE_LENGTH and (is_above or _BYLINE.match(text, line.start, line.end)):
            for date in find_dates(text, line.start, line.end, None):
                if date.edtf and date.is_day:
                    return date.edtf
    return None


def find_date_said(text: str, cue: Span, sentence: Span, contents: Sequence[Span], day: str | None) -> str | None:
    """Return the date (EDTF) that the sentence around a cue gives to it, outside the attributed words.

    `day` is the day that "today" means in the sentence.
    """
    if not may_contain_date(text, sentence.start, sentence.end):
        return None
    dates = [
        date
        for date in find_dates(text, sentence.start, sentence.end, day)
        if not any(span.start <= date.span.start < span.end for span in contents)
    ]
    after = [date for date in dates if cue.end <= date.span.start and _follows_cue(text, cue.end, date)]
    before = [date for date in reversed(dates) if date.span.end <= cue.start and _opens(text, sentence.start, date)]
    return next((date.edtf for date in [*after, *before] if date.edtf), None)


def _follows_cue(text: str, cue_end: int, date: DateMention) -> bool:
    between = text[cue_end : date.span.start]
    near = _NEAR if date.is_day else _NEAR // 3
    return len(between) <= near and not (
        _BREAKS.search(between) or _OTHER.search(between) or _OF_A_NOUN.search(between)
    )


def _opens(text: str, sentence_start: int, date: DateMention) -> bool:
    before = text[sentence_start : date.span.start]
    if not date.is_day and len(before.split()) > 2:
        return False
    return len(before) <= 2 * _NEAR and not _OTHER.search(before) and not _OF_A_NOUN.search(before)


def mentions_today(text: str, kind: StatementKind, content: Sequence[Span]) -> bool:
    """Return True if a direct quotation mentions the day on which it was said."""
    return kind is StatementKind.DIRECT and any(_NOW.search(text, span.start, span.end) for span in content)


def refers_to_occasion(text: str, sentence: Span) -> bool:
    """Return True if a sentence refers to an occasion mentioned before: "he said in his statement"."""
    return _SAME_OCCASION.search(text, sentence.start, sentence.end) is not None


def find_date_in(text: str, span: Span, day: str | None) -> str | None:
    """Return the most precise date in a span, or the year at its end."""
    dates = [date for date in find_dates(text, span.start, span.end, day) if date.edtf]
    dates.sort(key=lambda date: not date.is_day)
    year = re.search(r"\b\d{4}$", text[span.start : span.end])
    return dates[0].edtf if dates else year[0] if year else None


def get_single_day(edtf: str | None) -> str | None:
    """Return the date if it is a single day."""
    return edtf if edtf and re.fullmatch(r"\d{4}-\d\d-\d\d", edtf) else None
