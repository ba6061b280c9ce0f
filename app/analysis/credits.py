"""Find the news agency that a document credits with its text: in the dateline, the byline, or a credit line.

Only known agencies are found: "(SWNS)" may be anything. A credit for a picture is none for the text. Every pattern
takes time linear in the text.
"""

import re
from dataclasses import dataclass

from app.analysis.agencies import AGENCIES, AGENCY_BY_KEY, Agency
from app.core.spans import Span, make_match_key


@dataclass(frozen=True, slots=True)
class Credit:
    """The agency, and the span of its name in the text; no span if only the byline names it."""

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
# The line below reports of Reuters, which need not name the agency.
_REUTERS = re.compile(r"\bReporting by [^\n()]{3,300}?;\s?(?:[Aa]dditional|[Ww]riting|[Ee]diting)\b")
_PICTURE = re.compile(r"\b(?:photos?|photograph\w*|pictures?|images?|getty|pool|handout|courtesy|file)\b|фото", re.I)
# An agency's name may be a surname, so the words before and after it count.
_BYLINE = re.compile(
    rf"(?:^|[,|/;:(–—-]|\b[Bb]y\b|\b[Ff]rom\b)\s{{0,3}}(?:[Tt]he\s)?{_NAME}(?=\s{{0,3}}(?:$|[,|/;)–—-]|[Ss]taff\b|and\b))"
)


def find_credit(text: str, byline: str | None) -> Credit | None:
    """Return the first agency that the text credits, or else the one that the byline credits."""
    matches = []
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            # Some credits are for a picture, which the line mentions before the credit, or right after it.
            line = text[match.start() : match.end() + 20].lstrip().partition("\n")[0]
            if not _PICTURE.search(line):
                matches.append(match)
                break
    if matches:
        first = min(matches, key=lambda match: match.start("name"))
        return Credit(AGENCY_BY_KEY[make_match_key(first["name"])], Span(*first.span("name")))
    reuters = _REUTERS.search(text)
    if reuters is not None:
        return Credit(AGENCY_BY_KEY["reuters"], Span(*reuters.span()))
    signature = _BYLINE.search(byline or "")
    if signature is None or _PICTURE.search(signature.string):
        return None
    return Credit(AGENCY_BY_KEY[make_match_key(signature["name"])], None)
