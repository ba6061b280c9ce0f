"""Items to bytes: the representations that a list can be asked for, in one table.

A format turns batches of items, of one public shape, into chunks of bytes. Adding one is adding a file
here and a line to ``FORMATS``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from pydantic import BaseModel

from app.core.errors import Invalid
from app.formats import annotations, atom, csv, entries, geojson, ics, jsonfeed, jsonl, jsonld, parquet
from app.formats.listed import Listed

Write = Callable[[Listed, Iterable[Any]], Iterator[bytes]]

JSON = "json"
"""The name of the default, of which there is one page at a time: ``page.py``."""


@dataclass(frozen=True)
class Format:
    """``write(listed, batches)`` gives the bytes of a list, which comes in one batch or more.

    The batches are of JSON texts; of a ``tabular`` format they may be of cells instead. A list is streamed whole,
    but for a format that is read ``paged``, as feeds are. ``fits`` tells the shapes of items that can be written so.
    ``also`` are other media types by which it is asked for.
    """

    name: str
    media_type: str
    write: Write
    tabular: bool = False
    paged: bool = False
    fits: Callable[[type[BaseModel]], bool] = lambda shape: True
    also: Sequence[str] = ()

    @property
    def bare_type(self) -> str:
        """The media type without parameters."""
        return self.media_type.partition(";")[0]

    @property
    def schema(self) -> dict[str, str]:
        """What a JSON Schema can say of a list in this format."""
        return {"type": "object" if self.bare_type.endswith("+json") else "string"}


FORMATS = {
    each.name: each
    for each in (
        Format("csv", "text/csv; charset=utf-8; header=present", csv.write, tabular=True, also=["text/*"]),
        Format("jsonl", "application/jsonl", jsonl.write, also=["application/x-ndjson"]),
        Format("parquet", "application/vnd.apache.parquet", parquet.write, tabular=True),
        Format("geojson", geojson.MEDIA_TYPE, geojson.write, fits=entries.fits, also=["application/vnd.geo+json"]),
        Format("atom", atom.MEDIA_TYPE, atom.write, paged=True, fits=entries.fits),
        Format("jsonfeed", jsonfeed.MEDIA_TYPE, jsonfeed.write, paged=True, fits=entries.fits),
        Format("ics", "text/calendar; charset=utf-8", ics.write, fits=entries.dated),
        Format("jsonld", jsonld.MEDIA_TYPE, jsonld.write, fits=jsonld.fits),
        Format("annotations", annotations.MEDIA_TYPE, annotations.write, fits=annotations.fits),
    )
}

_ACCEPTED = dict.fromkeys(("application/json", "application/*", "*/*"), JSON) | {
    # Of formats that share a type, it means the first.
    media_type: each.name
    for each in reversed(FORMATS.values())
    for media_type in (each.bare_type, each.media_type.replace(" ", ""), *each.also)
}


@cache
def fitting(shape: type[BaseModel] | None) -> tuple[str, ...]:
    """The names of the formats that items of this shape can be written in, JSON first; of no shape, JSON alone."""
    return (JSON, *(each.name for each in FORMATS.values() if shape is not None and each.fits(shape)))


def negotiate(asked: str | None, accept: str, shape: type[BaseModel] | None) -> str:
    """The name of the format to answer in: what ``format=`` says, else what ``Accept`` likes best, else JSON.

    Raises Invalid for one that is not there, or not for items of this shape.
    """
    names = fitting(shape)
    if asked is None:
        return next((name for name in accepted(accept) if name in names), JSON)
    if asked not in names:
        raise Invalid("format", f"there is no such format here; those there are: {', '.join(names)}")
    return asked


@lru_cache(maxsize=256)
def accepted(accept: str) -> tuple[str, ...]:
    """The names of the formats that an ``Accept`` header likes, the best first (RFC 9110 §12.5.1)."""
    names = (_ACCEPTED[media_type] for media_type in _ranked(accept) if media_type in _ACCEPTED)
    return tuple(dict.fromkeys(names))


def _ranked(accept: str) -> Iterator[str]:
    """The media types of an ``Accept`` header, the best first."""
    ranked = []
    for place, part in enumerate(accept.split(",")):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
        profile = next((parameter for parameter in parameters if parameter.startswith("profile=")), "")
        whole = f"{media_type};{profile}"
        try:
            ranked.append((-float(quality), place, whole if whole in _ACCEPTED else media_type))
        except ValueError:
            continue
    return (media_type for quality, _, media_type in sorted(ranked) if quality < 0)
