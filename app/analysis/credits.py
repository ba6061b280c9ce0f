"""The news agency that a document credits with its text: in the dateline, the byline, or a line of credit.

Only agencies that are known are found: "(SWNS)" may be anything. What credits a picture credits no text. Every pattern
takes time linear in the text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from app.analysis.agencies import AGENCIES, Agency, by_key
from app.core.spans import Span, match_key


@dataclass(frozen=True, slots=True)
class Credit:
    """The agency, and where the text names it; nowhere, if the byline does."""

    agency: Agency
    span: Span | None


_NAMES = sorted({name for agency in AGENCIES for name in agency.names}, key=lambda name: (-len(name), name))
_NAME = rf"(?P<name>{'|'.join(map(re.escape, _NAMES))})"
_WHOLE = rf"(?<![\w/]){_NAME}(?![\w/])"
_DASH = r"(?:--?|[–—])"

_PATTERNS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        # PYONGYANG, June 19 (Reuters) - ; Moskau (dpa) – ; (AP) —
        rf"^[^\n()]{{0,80}}\((?:The )?{_NAME}(?:[ /][A-Z][^\n()]{{1,20}})?\)\s{{0,3}}{_DASH}",
        # SEOUL (AP) Russia’s president …
        rf"^[^\W\d_a-z][^\n()a-z]{{2,40}}(?:, ?[^\n()]{{3,20}})?\s?\({_NAME}\)\s",
        # MOSCOW, June 19. /TASS/.
        rf"^[^\n/]{{0,80}}(?:^|\s)/{_NAME}/(?=[\s.,–—-]|$)",
        # МОСКВА, 19 июня — РИА Новости.
        rf"^[^\n]{{2,40}}, \d{{1,2}} \w{{3,10}}\.? {_DASH} {_NAME}\.",
        # By Jim Heintz, Associated Press
        rf"^\W{{0,3}}(?:By|BY|Von|Par|Por)\s(?:[^\n]{{0,100}}?[,|/(–—-]\s?)?(?:[Tt]he\s)?{_NAME}[\W_]{{0,5}}$",
        # Source: AFP
        rf"^\W{{0,3}}(?:Source|SOURCE|Via|Agency|Quelle|Fuente|Источник)s?\s?:\s?(?:The )?{_NAME}\W{{0,3}}$",
        # © 2024 Kyodo ; Copyright 2024 The Associated Press. All rights reserved.
        rf"(?:©|\([cC]\)|Copyright|COPYRIGHT)(?:\s?©)?\s?(?:by\s)?\d{{4}}(?:\s?[-–]\s?\d{{4}})?,?\s(?:The )?{_WHOLE}",
        # … said on Thursday. (PTI)   … at the very end
        rf"[.!?”\"’]\s{{0,3}}\({_NAME}\)\s*\Z",
        rf"(?:[.!?”\"’]\s{{0,3}}|^){_DASH}\s?{_NAME}\s*\Z",
    )
)
# What Reuters writes below its reports, which need not name it.
_REUTERS = re.compile(r"\bReporting by [^\n()]{3,300}?;\s?(?:[Aa]dditional|[Ww]riting|[Ee]diting)\b")
_PICTURE = re.compile(r"\b(?:photos?|photograph\w*|pictures?|images?|getty|pool|handout|courtesy|file)\b|фото", re.I)
# A surname may be an agency's name, so what stands before and after it counts.
_BYLINE = re.compile(
    rf"(?:^|[,|/;:(–—-]|\b[Bb]y\b|\b[Ff]rom\b)\s{{0,3}}(?:[Tt]he\s)?{_NAME}(?=\s{{0,3}}(?:$|[,|/;)–—-]|[Ss]taff\b|and\b))"
)


def find(text: str, byline: str | None) -> Credit | None:
    """The agency that is credited: by the text, where it first does so, else by the byline."""
    found = [match for pattern in _PATTERNS for match in islice(_of_texts(pattern, text), 1)]
    if found:
        first = min(found, key=lambda match: match.start("name"))
        return Credit(_agency(first), Span(*first.span("name")))
    signed = _REUTERS.search(text)
    if signed is not None:
        return Credit(_named("Reuters"), Span(*signed.span()))
    by = _BYLINE.search(byline or "")
    return None if by is None or _PICTURE.search(by.string) else Credit(_agency(by), None)


def _of_texts(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """The matches in lines that speak of no picture, as far as the credit and a little on."""
    for match in pattern.finditer(text):
        line = text[match.start() : match.end() + 20].lstrip().partition("\n")[0]
        if not _PICTURE.search(line):
            yield match


def _agency(match: re.Match[str]) -> Agency:
    return _named(match["name"])


def _named(name: str) -> Agency:
    agency = by_key(match_key(name))
    assert agency is not None
    return agency
