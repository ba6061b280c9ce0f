"""Spans of text, and the keys under which texts are matched.

Offsets are Unicode code points, that is indices of a Python `str`, and spans are half-open: `text[start:end]` are the
words. They are not JavaScript's UTF-16 units: an emoji measures 1 here and 2 there.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

CONTEXT = 32  # code points of prefix and suffix, as Hypothesis' TextQuote anchors use
SLUG = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"
SLUG_LENGTH = 80
_SHOWN = 40  # code points of a text that an error message repeats
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # PostgreSQL stores no NUL, and UTF-8 has no lone surrogates


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open range `text[start:end]`, in code points."""

    start: int
    end: int

    def overlap(self, other: "Span") -> float:
        """How much the two share of what either covers, 0 to 1 (Jaccard's index)."""
        shared = min(self.end, other.end) - max(self.start, other.start)
        return shared / (max(self.end, other.end) - min(self.start, other.start)) if shared > 0 else 0.0


def check_span(text: str, start: int, end: int, exact: str | None) -> None:
    """Raise ValueError unless `text[start:end]` is a span of the text, not empty, and equal to `exact` where given."""
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"{start}..{end} is not a span of a text of {len(text)} code points")
    if start == end:
        raise ValueError(f"the span {start}..{end} is empty")
    if exact is not None and text[start:end] != exact:
        raise ValueError(f"at {start}..{end} the text reads {_shown(text[start:end])}, not {_shown(exact)}")


def find_span(text: str, exact: str, *, prefix: str = "", suffix: str = "") -> Span:
    """Find the one place where `prefix + exact + suffix` stands, and return the span of `exact` there.

    This resolves a TextQuoteSelector (W3C Web Annotation Data Model, section 4.2.4), in time linear in the text.
    Raises ValueError when the words stand nowhere, or at several places, overlapping ones included.
    """
    if not exact:
        raise ValueError("the words to find are empty")
    needle = prefix + exact + suffix
    first = text.find(needle)
    if first < 0:
        context = " with that prefix and suffix" if prefix or suffix else ""
        raise ValueError(f"{_shown(exact)} does not stand in the text{context}")
    if text.find(needle, first + 1) >= 0:
        places = _count_overlapping(text, needle)
        raise ValueError(f"{_shown(exact)} stands at {places} places; give start, or a prefix or suffix")
    start = first + len(prefix)
    return Span(start, start + len(exact))


def make_match_key(text: str) -> str:
    """Return the key under which names and queries are matched: NFKC, case-folded, whitespace runs as one space.

    Two texts match when their keys are equal. Idempotent. Never for document text: normalizing moves offsets.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def check_text(text: str) -> str:
    """Return the text unchanged. Raises ValueError when it holds NUL or a lone surrogate."""
    found = _UNSTORABLE.search(text)
    if found:
        raise ValueError(f"the text holds U+{ord(found[0]):04X} at offset {found.start()}, which cannot be stored")
    return text


Text = Annotated[str, AfterValidator(check_text)]
"""Text that every database can store, kept as received."""


def escape_like(text: str) -> str:
    r"""Escape `%`, `_` and `\`, so that `LIKE … ESCAPE '\'` reads the text literally."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def slugify(name: str) -> str:
    """Derive an ASCII slug of 1 to 80 characters from a name, for which `is_slug` holds.

    A name without ASCII letters gets a hash of its match key, `n-3f2a9c1b`; one of digits and marks alone gets `n-112`,
    because digits address ids.
    """
    key = make_match_key(name)
    ascii_key = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_key).strip("-")[:SLUG_LENGTH].rstrip("-")
    if re.search(r"[a-z]", slug):
        return slug
    if not slug or re.search(r"[^\W\d_]", key):
        return f"n-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    return f"n-{slug}"[:SLUG_LENGTH].rstrip("-")


def is_slug(text: str) -> bool:
    """Tell whether the text is a slug: the pattern `SLUG`, at most 80 characters, and not digits alone."""
    return len(text) <= SLUG_LENGTH and re.fullmatch(SLUG, text) is not None and not text.isdigit()


def _shown(text: str) -> str:
    # repr, because it escapes a lone surrogate, which no JSON answer could carry
    return repr(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…")


def _count_overlapping(text: str, needle: str) -> int:
    # Knuth-Morris-Pratt: repeated str.find would be quadratic on "aaaa…"
    borders = _borders(needle)
    count = matched = 0
    for char in text:
        while matched and (matched == len(needle) or needle[matched] != char):
            matched = borders[matched - 1]
        matched += needle[matched] == char
        count += matched == len(needle)
    return count


def _borders(needle: str) -> list[int]:
    """For each prefix of the needle, the length of its longest proper prefix that is also its suffix."""
    borders = [0]
    length = 0
    for char in needle[1:]:
        while length and needle[length] != char:
            length = borders[length - 1]
        length += needle[length] == char
        borders.append(length)
    return borders
