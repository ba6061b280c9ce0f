"""Items to bytes: the representations that a list can be asked for, in one table.

A format turns batches of items, of one public shape, into chunks of bytes. Adding one is adding a file
here and a line to ``FORMATS``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pydantic import BaseModel

from app.formats import csv, jsonl, parquet

Write = Callable[[type[BaseModel], Iterable[Any], bool], Iterator[bytes]]


@dataclass(frozen=True)
class Format:
    """``write(shape, batches, flat)`` gives the bytes of a whole list, which comes in one batch or more.

    The batches are of JSON texts; of a ``tabular`` format they may be of cells instead.
    """

    name: str
    media_type: str
    write: Write
    tabular: bool = False


# Those that stream a whole list; JSON, the default, comes a page at a time.
FORMATS = {
    each.name: each
    for each in (
        Format("csv", "text/csv; charset=utf-8; header=present", csv.write, tabular=True),
        Format("jsonl", "application/jsonl", jsonl.write),
        Format("parquet", "application/vnd.apache.parquet", parquet.write, tabular=True),
    )
}

_ACCEPTED = {
    "application/json": "json",
    "text/csv": "csv",
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/vnd.apache.parquet": "parquet",
    "application/*": "json",
    "text/*": "csv",
    "*/*": "json",
}


def negotiate(asked: str | None, accept: str) -> str:
    """The name of the format to answer in: what ``format=`` says, else what ``Accept`` likes best, else JSON."""
    return preferred(accept) if asked is None else asked


@lru_cache(maxsize=256)
def preferred(accept: str) -> str:
    """The name of the format that an ``Accept`` header likes best."""
    return next((_ACCEPTED[media_type] for media_type in _ranked(accept) if media_type in _ACCEPTED), "json")


def _ranked(accept: str) -> Iterator[str]:
    """The media types of an ``Accept`` header, the best first (RFC 9110 §12.5.1)."""
    ranked = []
    for place, part in enumerate(accept.split(",")):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
        try:
            ranked.append((-float(quality), place, media_type))
        except ValueError:
            continue
    return (media_type for quality, _, media_type in sorted(ranked) if quality < 0)
