"""JSON: one page of a list, or JSON Lines, one item a line."""

from collections.abc import Iterable, Iterator, Sequence

import orjson
from pydantic import BaseModel

from app.formats.flat import flatten
from app.formats.list_info import ListInfo


def write_page(
    shape: type[BaseModel], items: Sequence[str], *, flat: bool, count: int | None, url: str, next_url: str | None
) -> bytes:
    """Return the bytes of a page; the items stay as the database wrote them, unless they are flattened."""
    links = orjson.dumps({"next": next_url, "self": url} | ({} if count is None else {"count": count}))
    if flat:
        body = b",".join(orjson.dumps(flatten(shape, orjson.loads(item))) for item in items)
    else:
        body = ",".join(items).encode()
    return b'{"items":[' + body + b"]," + links[1:]


def write_lines(info: ListInfo, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    for items in batches:
        if info.flat:
            yield b"".join([orjson.dumps(flatten(info.shape, orjson.loads(item))) + b"\n" for item in items])
        else:
            # The databases write JSON on one line: line ends within texts are escaped.
            yield "\n".join([*items, ""]).encode()
