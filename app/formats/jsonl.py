"""JSON Lines: one item a line."""

from collections.abc import Iterable, Iterator, Sequence

import orjson
from pydantic import BaseModel

from app.formats.flat import flatten


def write(shape: type[BaseModel], batches: Iterable[Sequence[str]], flat: bool) -> Iterator[bytes]:
    for items in batches:
        if flat:
            yield b"".join([orjson.dumps(flatten(shape, orjson.loads(item))) + b"\n" for item in items])
        else:
            # The databases write JSON on one line: line ends within texts are escaped.
            yield "\n".join([*items, ""]).encode()
