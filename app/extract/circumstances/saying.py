"""When words were said, where the text says so; and when the text itself was written."""

import re
from collections.abc import Iterable, Sequence

from app.core.spans import Span
from app.core.vocab import StatementKind
from app.extract.circumstances import days
from app.extract.circumstances.days import Dated

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
_NEAR = 80  # code points between a verb and the date that belongs to it


def written(text: str, furniture: Iterable[Span], first: Span | None, published: str | None) -> str | None:
    """Return when a text says it was written (EDTF): in its dateline, or in its byline above or below."""
    if first is not None:
        dateline = _DATELINE.match(text[first.start : first.start + 160])
        if dateline:
            found = days.find(text, first.start, first.start + dateline.end(), published)
            return next((each.edtf for each in found if each.edtf), None)
    for line in furniture:
        above = first is not None and line.end <= first.start
        if line.end - line.start <= _BYLINE_LENGTH and (above or _BYLINE.match(text, line.start, line.end)):
            for each in days.find(text, line.start, line.end, None):
                if each.edtf and each.full:
                    return each.edtf
    return None


def date_of(text: str, cue: Span, around: Span, contents: Sequence[Span], day: str | None) -> str | None:
    """Return the date (EDTF) that the sentence `around` a verb of saying gives to it, outside of what is said.

    `day` is the day as whose "today" the sentence is to be read.
    """
    if not days.mentions(text, around.start, around.end):
        return None
    dates = [
        each
        for each in days.find(text, around.start, around.end, day)
        if not any(span.start <= each.span.start < span.end for span in contents)
    ]
    after = [each for each in dates if cue.end <= each.span.start and _belongs(text, cue.end, each)]
    before = [each for each in reversed(dates) if each.span.end <= cue.start and _opens(text, around.start, each)]
    return next((each.edtf for each in [*after, *before] if each.edtf), None)


def _belongs(text: str, start: int, dated: Dated) -> bool:
    between = text[start : dated.span.start]
    near = _NEAR if dated.full else _NEAR // 3
    return len(between) <= near and not (
        _BREAKS.search(between) or _OTHER.search(between) or _OF_A_NOUN.search(between)
    )


def _opens(text: str, start: int, dated: Dated) -> bool:
    before = text[start : dated.span.start]
    if not dated.full and len(before.split()) > 2:
        return False
    return len(before) <= 2 * _NEAR and not _OTHER.search(before) and not _OF_A_NOUN.search(before)


def says_today(text: str, kind: StatementKind, content: Sequence[Span]) -> bool:
    """Tell whether words given verbatim speak of the day they were said on."""
    return kind is StatementKind.DIRECT and any(_NOW.search(text, span.start, span.end) for span in content)


def same_occasion(text: str, around: Span) -> bool:
    """Tell whether a sentence refers to an occasion that was spoken of: "he said in his statement"."""
    return _SAME_OCCASION.search(text, around.start, around.end) is not None


def date_in(text: str, span: Span, day: str | None) -> str | None:
    """Return the date that stands in a span, the fullest first."""
    dates = [each for each in days.find(text, span.start, span.end, day) if each.edtf]
    dates.sort(key=lambda each: not each.full)
    year = re.search(r"\b\d{4}$", text[span.start : span.end])
    return dates[0].edtf if dates else year[0] if year else None


def today(day: str | None) -> str | None:
    """Return the day that "today" means, where one day is known."""
    return day if day and re.fullmatch(r"\d{4}-\d\d-\d\d", day) else None
