"""Where sentences end, where no model says it: at a full stop that no abbreviation has, before a capital."""

import re
from collections.abc import Iterator

from app.core.spans import Span

BREAK = re.compile(r"[.!?…][\"'”’)\]]*(?=\s+[\"'“‘(\[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Col|Lt|Sgt|Capt|Cmdr|Maj|Adm|Rev|Hon|Prof|St|Jr|Sr|vs|No|Inc|Corp|Co|Ltd"
    r"|Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Nov|Dec|Ill|Calif|Fla|Ariz|Mass|Conn|Wash|Pa|Va|Md|Tenn|Minn|Wis|Colo|Ore|Ala"
    r"|Ga|Ky|La|Mich|Miss|Mo|Okla|Tex|Vt|Del|Nev|Neb|Kan|Ind|approx|est|dept|Dept))\.$"
)
_WINDOW = 600  # code points of a sentence on either side of a place that are looked at


def is_abbreviated(text: str, start: int, stop: int) -> bool:
    """Whether the full stop at ``stop`` is that of an abbreviation; nothing before ``start`` is looked at."""
    return _ABBREVIATION.search(text, max(start, stop - 12), stop + 1) is not None


def find_ends(text: str, start: int, end: int) -> Iterator[int]:
    """The ends of sentences within a stretch, after the marks that close them; its own end is none."""
    for found in BREAK.finditer(text, start, end):
        if not is_abbreviated(text, start, found.start()):
            yield found.end()


def find_last_start(text: str, start: int, end: int) -> int:
    """Where the last sentence of a stretch starts, or the white space before it."""
    return max(find_ends(text, start, end), default=start)


def find_sentence(text: str, place: int, block: Span) -> Span:
    """The sentence of a block that a place stands in, as far as 600 code points on either side of it."""
    start, end = max(block.start, place - _WINDOW), min(block.end, place + _WINDOW)
    for stop in find_ends(text, start, end):
        if stop > place:
            return Span(start, stop)
        start = stop
    return Span(start, end)
