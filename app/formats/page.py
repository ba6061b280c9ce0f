"""One page of a list as JSON."""

from collections.abc import Sequence

import orjson
from pydantic import BaseModel

from app.formats.flat import flatten


def write(
    shape: type[BaseModel], items: Sequence[str], *, flat: bool, count: int | None, here: str, then: str | None
) -> bytes:
    """The page's bytes; the items are taken as the database wrote them."""
    links = orjson.dumps({"next": then, "self": here} | ({} if count is None else {"count": count}))
    if flat:
        body = b",".join(orjson.dumps(flatten(shape, orjson.loads(item))) for item in items)
    else:
        body = ",".join(items).encode()
    return b'{"items":[' + body + b"]," + links[1:]
