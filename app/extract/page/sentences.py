"""Find sentences without a model: they end at a full stop that follows no abbreviation and precedes a capital."""

import re
from collections.abc import Iterator

from app.core.spans import Span

BREAK = re.compile(r"[.!?…][\"'”’)\]]*(?=\s+[\"'“‘(\[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Sen|Rep|Gov|Gen|Col|Lt|Sgt|Capt|Cmdr|Maj|Adm|Rev|Hon|Prof|St|Jr|Sr|vs|No|Inc|Corp|Co|Ltd"
    r"|Jan|Feb|Mar|Apr|Aug|Sept|Sep|Oct|Nov|Dec|Ill|Calif|Fla|Ariz|Mass|Conn|Wash|Pa|Va|Md|Tenn|Minn|Wis|Colo|Ore|Ala"
    r"|Ga|Ky|La|Mich|Miss|Mo|Okla|Tex|Vt|Del|Nev|Neb|Kan|Ind|approx|est|dept|Dept))\.$"
)
_WINDOW = 600  # code points on either side of an offset that are searched for the ends of its sentence


def is_abbreviated(text: str, start: int, stop: int) -> bool:
    """Return whether the full stop at ``stop`` belongs to an abbreviation that does not begin before ``start``."""
    return _ABBREVIATION.search(text, max(start, stop - 12), stop + 1) is not None


def find_ends(text: str, start: int, end: int) -> Iterator[int]:
    """Yield the ends of the sentences inside a stretch, after their closing marks, without the stretch's own end."""
    for stop in BREAK.finditer(text, start, end):
        if not is_abbreviated(text, start, stop.start()):
            yield stop.end()


def find_last_start(text: str, start: int, end: int) -> int:
    """Return the start of the last sentence of a stretch, or of the white space before it."""
    return max(find_ends(text, start, end), default=start)


def find_sentence(text: str, offset: int, block: Span) -> Span:
    """Return the sentence of a block around an offset, at most 600 code points to either side of it."""
    start, end = max(block.start, offset - _WINDOW), min(block.end, offset + _WINDOW)
    for stop in find_ends(text, start, end):
        if stop > offset:
            return Span(start, stop)
        start = stop
    return Span(start, end)
