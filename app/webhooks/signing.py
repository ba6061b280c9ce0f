"""Secrets of webhooks, and the signatures by which a receiver recognizes a message of ours."""

import base64
import datetime as dt
import secrets
from collections.abc import Sequence

from standardwebhooks import Webhook

OVERLAP = dt.timedelta(hours=24)
"""Time for which the previous secret signs as well."""


def new_secret() -> str:
    """Return 32 random bytes in the notation of the specification."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def build_headers(message: str, body: str, keys: Sequence[str], now: dt.datetime) -> dict[str, str]:
    """Build the headers of a message that is sent now, signed with each of the secrets."""
    at = now.astimezone(dt.UTC)  # the library reads the hour as UTC, whatever the zone
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(message, at, body) for key in keys),
    }
