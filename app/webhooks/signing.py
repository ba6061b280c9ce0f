"""How a receiver knows that a message is ours: secrets, and what is signed with them."""

import base64
import datetime as dt
import secrets
from collections.abc import Sequence

from standardwebhooks import Webhook

OVERLAP = dt.timedelta(hours=24)
"""How long the secret before the present one signs as well."""


def new_secret() -> str:
    """32 random bytes, written as the specification has it."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def headers(message: str, body: str, keys: Sequence[str], now: dt.datetime) -> dict[str, str]:
    """The headers of a message that is sent now, signed with each of the secrets."""
    at = now.astimezone(dt.UTC)  # the library takes the hour as it stands for UTC's
    return {
        "Content-Type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(message, at, body) for key in keys),
    }
