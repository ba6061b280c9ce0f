"""JSON Lines: one item a line."""

from collections.abc import Iterable

import orjson
from pydantic import BaseModel

from app.formats.flat import flatten


def write(shape: type[BaseModel], items: Iterable[str], flat: bool) -> bytes:
    if flat:
        return b"".join(orjson.dumps(flatten(shape, orjson.loads(item))) + b"\n" for item in items)
    # The databases write JSON on one line: line ends within texts are escaped.
    return "".join(f"{item}\n" for item in items).encode()
