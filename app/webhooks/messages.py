"""The messages of webhooks: changes in the order in which they happened, several to a message."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from app.queries.revisions import Change

MOST_CHANGES = 50
"""Largest number of changes in one message."""

MOST_BYTES = 200_000
"""Largest size of the changes in one message."""

CHANGED = "records.changed"
TEST = "webhook.test"


@dataclass(frozen=True)
class Message:
    """The body of a message, with the number of its changes."""

    body: str
    changes: int


def build_messages(changes: Sequence[Change]) -> Iterator[Message]:
    """Yield all changes in as few messages as possible.

    A change has the form of `/changes`. With a saved search it has the record as ``item``, or null if that alone would
    be too large.
    """
    parts: list[bytes] = []
    last, size = None, 0
    for change in changes:
        content = _encode_change(change)
        if last is not None and (len(parts) == MOST_CHANGES or size + len(content) > MOST_BYTES):
            yield _build_message(parts, last)
            parts, size = [], 0
        parts.append(content)
        last, size = change, size + len(content)
    if last is not None:
        yield _build_message(parts, last)


def build_test_message(at: str) -> Message:
    """Build a message without changes; ``at`` is the moment, in RFC 3339."""
    return Message(_build_body(TEST, at, {}), 0)


def new_id() -> str:
    """Return a unique id for a message; it has no full stop, which separates the parts of the signed text."""
    return f"msg_{secrets.token_hex(16)}"


def _encode_change(change: Change) -> bytes:
    content = change.to_item()
    if change.item is None:
        return orjson.dumps(content)
    whole = orjson.dumps({**content, "item": orjson.Fragment(change.item)})
    return whole if len(whole) <= MOST_BYTES else orjson.dumps({**content, "item": None})


def _build_message(parts: Sequence[bytes], last: Change) -> Message:
    data = {"revision": last.revision, "changes": [orjson.Fragment(part) for part in parts]}
    return Message(_build_body(CHANGED, last.at, data), len(parts))


def _build_body(kind: str, at: str, data: object) -> str:
    return orjson.dumps({"type": kind, "timestamp": at, "data": data}).decode()
