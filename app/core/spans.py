"""Spans of text, match keys, and the slugs and digits that address records.

Offsets are Unicode code points, that is indices of a Python `str`, and spans are half-open: `text[start:end]` are the
words. JavaScript's offsets are UTF-16 units instead: an emoji has length 1 here and 2 there.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

CONTEXT = 32  # code points of prefix and suffix, as Hypothesis' TextQuote anchors use
SLUG = r"^[a-z0-9]+(?:-[a-z0-9]+)*$"
SLUG_LENGTH = 80
_QUOTED_LENGTH = 40  # code points of a text that an error message quotes
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # PostgreSQL stores no NUL, and UTF-8 has no lone surrogates


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open range `text[start:end]`, in code points."""

    start: int
    end: int

    def overlap(self, other: "Span") -> float:
        """Return the share of code points that both cover among those that either covers, 0 to 1 (Jaccard's index)."""
        shared = min(self.end, other.end) - max(self.start, other.start)
        return shared / (max(self.end, other.end) - min(self.start, other.start)) if shared > 0 else 0.0


def check_span(text: str, start: int, end: int, exact: str | None) -> None:
    """Raise ValueError unless `text[start:end]` is a non-empty span of the text, equal to `exact` if not None."""
    if not 0 <= start <= end <= len(text):
        raise ValueError(f"{start}..{end} is not a span of a text of {len(text)} code points")
    if start == end:
        raise ValueError(f"the span {start}..{end} is empty")
    if exact is not None and text[start:end] != exact:
        raise ValueError(f"at {start}..{end} the text reads {_quote(text[start:end])}, not {_quote(exact)}")


def find_span(text: str, exact: str, *, prefix: str = "", suffix: str = "") -> Span:
    """Find the only occurrence of `prefix + exact + suffix`, and return the span of `exact` in it.

    This resolves a TextQuoteSelector (W3C Web Annotation Data Model, section 4.2.4), in time linear in the text.
    Raises ValueError if there is none, or several, overlapping ones included.
    """
    if not exact:
        raise ValueError("the words to find are empty")
    needle = prefix + exact + suffix
    first = text.find(needle)
    if first < 0:
        context = " with that prefix and suffix" if prefix or suffix else ""
        raise ValueError(f"{_quote(exact)} does not stand in the text{context}")
    if text.find(needle, first + 1) >= 0:
        places = _count_overlapping(text, needle)
        raise ValueError(f"{_quote(exact)} stands at {places} places; give start, or a prefix or suffix")
    start = first + len(prefix)
    return Span(start, start + len(exact))


def make_match_key(text: str) -> str:
    """Return the key for matching names and queries: NFKC, case-folded, runs of whitespace as one space.

    Two texts match when their keys are equal. Idempotent. Not for document text: normalizing moves offsets.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def check_text(text: str) -> str:
    """Return the text unchanged. Raises ValueError if it has a NUL or a lone surrogate."""
    match = _UNSTORABLE.search(text)
    if match:
        raise ValueError(f"the text holds U+{ord(match[0]):04X} at offset {match.start()}, which cannot be stored")
    return text


Text = Annotated[str, AfterValidator(check_text)]
"""Text that both databases can store, stored as received."""


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
    """Return True for a slug: the pattern `SLUG`, at most 80 characters, and not digits alone."""
    return len(text) <= SLUG_LENGTH and re.fullmatch(SLUG, text) is not None and not text.isdigit()


def _check_digits(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch("-?(0|[1-9][0-9]*)", value):
        raise ValueError("write a whole number in digits")
    return value


Digits = BeforeValidator(_check_digits)
"""An integer in digits. Pydantic alone also parses 01, +1, 1.0 and 1_0, which would give a record several addresses."""


def _quote(text: str) -> str:
    # repr escapes lone surrogates, which JSON responses cannot encode
    return repr(text if len(text) <= _QUOTED_LENGTH else text[: _QUOTED_LENGTH - 1] + "…")


def _count_overlapping(text: str, needle: str) -> int:
    # Knuth-Morris-Pratt: repeated str.find would be quadratic on "aaaa…"
    borders = _find_borders(needle)
    count = matched = 0
    for char in text:
        while matched and (matched == len(needle) or needle[matched] != char):
            matched = borders[matched - 1]
        matched += needle[matched] == char
        count += matched == len(needle)
    return count


def _find_borders(needle: str) -> list[int]:
    """Return, for each prefix of the needle, the length of its longest proper prefix that is also its suffix."""
    borders = [0]
    length = 0
    for char in needle[1:]:
        while length and needle[length] != char:
            length = borders[length - 1]
        length += needle[length] == char
        borders.append(length)
    return borders
