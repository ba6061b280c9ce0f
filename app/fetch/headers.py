"""What the headers of an answer say, read as far as it can be trusted."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx


def media_type(headers: httpx.Headers) -> str:
    """The type of the body without its parameters, in lower case; empty where none is named."""
    return str(headers.get("content-type", "")).partition(";")[0].strip().lower()


def retry_after(headers: httpx.Headers, now: datetime | None = None) -> int | None:
    """Seconds until the host wants to be asked again (RFC 9110: a number, or a date); None where it says nothing."""
    value = str(headers.get("retry-after", "")).strip()
    if re.fullmatch("[0-9]{1,9}", value):
        return int(value)
    try:
        wait = parsedate_to_datetime(value) - (now or datetime.now(UTC))
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return max(0, round(wait.total_seconds()))
