"""JSON Lines: one item a line."""

from collections.abc import Iterable, Iterator, Sequence

import orjson

from app.formats.flat import flatten
from app.formats.listed import Listed


def write(listed: Listed, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    for items in batches:
        if listed.flat:
            yield b"".join([orjson.dumps(flatten(listed.shape, orjson.loads(item))) + b"\n" for item in items])
        else:
            # The databases write JSON on one line: line ends within texts are escaped.
            yield "\n".join([*items, ""]).encode()
