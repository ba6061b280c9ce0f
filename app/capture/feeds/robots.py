"""What the robots.txt of a host leaves open to Dateline (RFC 9309)."""

import re
from dataclasses import dataclass

from protego import Protego

from app.core.errors import FetchFailed
from app.fetch import Fetcher, decode

AGENT = "Dateline"
"""The token under which a robots.txt may name us, whatever name we fetch under."""

# What of a robots.txt is read: as much as the standard wants to be.
_MOST_BYTES = 500 * 1024

_NAMING = re.compile(r"\s*user[ -]?agent[\s:]+(\*|[A-Za-z_-]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a robots.txt says to us."""

    parsed: Protego

    def opens(self, url: str) -> bool:
        return self.parsed.can_fetch(url, AGENT)

    @property
    def delay(self) -> float:
        """Seconds that the host wants between two requests; 0 where it does not say."""
        return self.parsed.crawl_delay(AGENT) or 0.0


async def fetch(fetcher: Fetcher, origin: str) -> str | None:
    """The text of the robots.txt at ``origin``, empty where there is none; None where it cannot be had, and so, for the
    time, nothing of that host may.

    Raises Refused where the host may not be fetched from.
    """
    try:
        fetched = await fetcher.get(f"{origin}/robots.txt")
    except FetchFailed as error:
        return "" if _has_none(error) else None
    return decode(fetched.body[:_MOST_BYTES], fetched.headers.get("content-type"))


def parse(text: str) -> Rules:
    """The rules that the text of a robots.txt states."""
    return Rules(Protego.parse("\n".join(map(_ours, text.splitlines()))))


def _has_none(error: FetchFailed) -> bool:
    """Whether the answer says that there is no such file, rather than that it cannot be had now."""
    missing = error.answered is not None and 400 <= error.answered < 500 and error.answered != 429
    return missing or error.reason == "redirects"


def _ours(line: str) -> str:
    """The line, or one in its place that names somebody else: each agent named costs as much as all rules together."""
    naming = _NAMING.match(line)
    if naming is None:
        return line
    return f"User-agent: {naming[1] if naming[1].lower() in ('*', AGENT.lower()) else 'other'}"
