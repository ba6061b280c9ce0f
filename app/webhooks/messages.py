"""What a webhook is told: changes in the order in which they happened, some to a message."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from app.queries.revisions import Change

MOST_CHANGES = 50
"""Changes that one message tells of."""

MOST_BYTES = 200_000
"""Bytes that the changes in one message take."""

CHANGED = "records.changed"
TEST = "webhook.test"


@dataclass(frozen=True)
class Message:
    """The body of a message, and how many changes it tells of."""

    body: str
    changes: int


def messages(changes: Sequence[Change]) -> Iterator[Message]:
    """All changes, in as few messages as they fit in.

    A change is as `/changes` shows it. With a saved search the record stands beside it as ``item``, or null where it
    alone would be too large.
    """
    parts: list[bytes] = []
    last, size = None, 0
    for change in changes:
        told = _told(change)
        if last is not None and (len(parts) == MOST_CHANGES or size + len(told) > MOST_BYTES):
            yield _message(parts, last)
            parts, size = [], 0
        parts.append(told)
        last, size = change, size + len(told)
    if last is not None:
        yield _message(parts, last)


def test_message(at: str) -> Message:
    """A message that tells of nothing; ``at`` is the moment, in RFC 3339."""
    return Message(_body(TEST, at, {}), 0)


def new_id() -> str:
    """A name that no other message has; without a full stop, which in what is signed ends it."""
    return f"msg_{secrets.token_hex(16)}"


def _told(change: Change) -> bytes:
    told = change.to_item()
    if change.item is None:
        return orjson.dumps(told)
    whole = orjson.dumps({**told, "item": orjson.Fragment(change.item)})
    return whole if len(whole) <= MOST_BYTES else orjson.dumps({**told, "item": None})


def _message(parts: Sequence[bytes], last: Change) -> Message:
    data = {"revision": last.revision, "changes": [orjson.Fragment(part) for part in parts]}
    return Message(_body(CHANGED, last.at, data), len(parts))


def _body(kind: str, at: str, data: object) -> str:
    return orjson.dumps({"type": kind, "timestamp": at, "data": data}).decode()
