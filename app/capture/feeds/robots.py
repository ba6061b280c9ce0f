"""The rules that a host's robots.txt has for Dateline (RFC 9309)."""

import re
from dataclasses import dataclass

from protego import Protego

from app.core.errors import FetchFailed
from app.fetch import Fetcher, decode

AGENT = "Dateline"
"""The product token by which a robots.txt can address Dateline, whatever the User-Agent header is."""

# The part of a robots.txt that the standard asks a crawler to parse.
_MAX_BYTES = 500 * 1024

_AGENT_LINE = re.compile(r"\s*user[ -]?agent[\s:]+(\*|[A-Za-z_-]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one robots.txt for Dateline."""

    parsed: Protego

    def allows(self, url: str) -> bool:
        """Return True if Dateline may fetch the address."""
        return self.parsed.can_fetch(url, AGENT)

    @property
    def delay(self) -> float:
        """The seconds between two requests that the host asks for; 0 by default."""
        return self.parsed.crawl_delay(AGENT) or 0.0


async def fetch(fetcher: Fetcher, origin: str) -> str | None:
    """Return the text of the robots.txt at ``origin``, which is empty if the host has none.

    Return None if it cannot be read now: until then nothing may be fetched from that host. Raise `Refused` if the host
    may not be fetched from.
    """
    try:
        fetched = await fetcher.get(f"{origin}/robots.txt")
    except FetchFailed as error:
        missing = error.answered is not None and 400 <= error.answered < 500 and error.answered != 429
        return "" if missing or error.reason == "redirects" else None
    return decode(fetched.body[:_MAX_BYTES], fetched.headers.get("content-type"))


def parse(text: str) -> Rules:
    """Parse the text of a robots.txt."""
    return Rules(Protego.parse("\n".join(map(_merge_other_agents, text.splitlines()))))


def _merge_other_agents(line: str) -> str:
    """Give all agents but ours one name: the parser's work grows with the number of agents times that of rules."""
    match = _AGENT_LINE.match(line)
    if match is None:
        return line
    return f"User-agent: {match[1] if match[1].lower() in ('*', AGENT.lower()) else 'other'}"
