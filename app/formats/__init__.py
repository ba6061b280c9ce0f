"""Items to bytes: the table of the representations of a list.

A format turns batches of items of one public shape into chunks of bytes. A new format is a file in this folder
and a line in ``FORMATS``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from pydantic import BaseModel

from app.core.errors import Invalid
from app.formats import annotations, atom, csv, entries, geojson, ics, json, jsonfeed, jsonld, parquet
from app.formats.list_info import ListInfo

Write = Callable[[ListInfo, Iterable[Any]], Iterator[bytes]]

JSON = "json"
"""The name of the default format, which is written by ``json.write_page``, one page at a time."""


@dataclass(frozen=True)
class Format:
    """A representation of lists: its name, its media types, and the function that writes it.

    ``write(info, batches)`` yields the bytes of a list of one or more batches. A batch holds JSON texts; for a
    ``tabular`` format it may hold rows of cells instead. A list is streamed whole, except in a ``paged`` format
    such as a feed. ``can_write`` tells for which shapes of items the format is available.
    """

    name: str
    media_type: str
    write: Write
    tabular: bool = False
    paged: bool = False
    can_write: Callable[[type[BaseModel]], bool] = lambda shape: True
    other_media_types: Sequence[str] = ()

    @property
    def bare_type(self) -> str:
        """The media type without its parameters."""
        return self.media_type.partition(";")[0]

    @property
    def schema(self) -> dict[str, str]:
        """The JSON Schema of a list in this format."""
        return {"type": "object" if self.bare_type.endswith("+json") else "string"}


FORMATS = {
    format.name: format
    for format in (
        Format("csv", "text/csv; charset=utf-8; header=present", csv.write, tabular=True, other_media_types=["text/*"]),
        Format("jsonl", "application/jsonl", json.write_lines, other_media_types=["application/x-ndjson"]),
        Format("parquet", "application/vnd.apache.parquet", parquet.write, tabular=True),
        Format(
            "geojson",
            geojson.MEDIA_TYPE,
            geojson.write,
            can_write=entries.has_entry,
            other_media_types=["application/vnd.geo+json"],
        ),
        Format("atom", atom.MEDIA_TYPE, atom.write, paged=True, can_write=entries.has_entry),
        Format("jsonfeed", jsonfeed.MEDIA_TYPE, jsonfeed.write, paged=True, can_write=entries.has_entry),
        Format("ics", "text/calendar; charset=utf-8", ics.write, can_write=entries.has_date),
        Format("jsonld", jsonld.MEDIA_TYPE, jsonld.write, can_write=jsonld.can_write),
        Format("annotations", annotations.MEDIA_TYPE, annotations.write, can_write=annotations.can_write),
    )
}

_ACCEPTED = dict.fromkeys(("application/json", "application/*", "*/*"), JSON) | {
    # A media type that several formats share stands for the first of them.
    media_type: format.name
    for format in reversed(FORMATS.values())
    for media_type in (format.bare_type, format.media_type.replace(" ", ""), *format.other_media_types)
}


@cache
def list_format_names(shape: type[BaseModel] | None) -> tuple[str, ...]:
    """List the formats for items of this shape, JSON first; without a shape, JSON alone."""
    return (JSON, *(format.name for format in FORMATS.values() if shape is not None and format.can_write(shape)))


def negotiate_format(requested: str | None, accept: str, shape: type[BaseModel] | None) -> str:
    """Choose the format of a response: the ``requested`` one, else the first in ``Accept``, else JSON.

    Raise Invalid for a ``requested`` format that does not exist, or not for items of this shape.
    """
    names = list_format_names(shape)
    if requested is None:
        return next((name for name in list_accepted_formats(accept) if name in names), JSON)
    if requested not in names:
        raise Invalid("format", f"there is no such format here; those there are: {', '.join(names)}")
    return requested


@lru_cache(maxsize=256)
def list_accepted_formats(accept: str) -> tuple[str, ...]:
    """List the formats that an ``Accept`` header names, the preferred one first (RFC 9110 §12.5.1)."""
    names = (_ACCEPTED[media_type] for media_type in _rank_media_types(accept) if media_type in _ACCEPTED)
    return tuple(dict.fromkeys(names))


def _rank_media_types(accept: str) -> Iterator[str]:
    """Return the media types of an ``Accept`` header, the preferred one first."""
    ranked = []
    for position, part in enumerate(accept.split(",")):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((parameter[2:] for parameter in parameters if parameter.startswith("q=")), "1")
        profile = next((parameter for parameter in parameters if parameter.startswith("profile=")), "")
        with_profile = f"{media_type};{profile}"
        try:
            ranked.append((-float(quality), position, with_profile if with_profile in _ACCEPTED else media_type))
        except ValueError:
            continue
    return (media_type for quality, _, media_type in sorted(ranked) if quality < 0)
