"""Find attributions in tests, and describe them by their words."""

import re

from app.core.spans import Span
from app.extract.attribution import attributions
from app.extract.findings import AttributionRelation


def split_paragraphs(text: str) -> list[Span]:
    return [Span(*paragraph.span()) for paragraph in re.finditer(r"[^\n]+", text)]


def find_relations(text: str, *, parsed: bool = True) -> list[AttributionRelation]:
    blocks = split_paragraphs(text)
    return attributions.find_attributions(text, blocks, attributions.parse_text(text, blocks) if parsed else None)


def get_words(text: str, *spans: Span | None) -> str:
    """Return the words of the spans, joined by slashes."""
    return " / ".join(text[span.start : span.end] for span in spans if span is not None)


def describe(text: str, relation: AttributionRelation) -> tuple[str, str, str]:
    """Return the words of content, mention and cue."""
    return get_words(text, *relation.content), get_words(text, relation.mention), get_words(text, *relation.cue)
