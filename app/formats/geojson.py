"""GeoJSON (RFC 7946): a collection of features, with the flat rows as their properties.

The links and the time stamp are those of OGC API Features. An item without coordinates is a feature without a geometry.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from app.formats import entries
from app.formats.flat import flatten
from app.formats.list_info import ListInfo
from app.schemas.common import RecordPublic

MEDIA_TYPE = "application/geo+json"


def write(info: ListInfo, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    separator = _build_head(info) + b'"features":['
    for items in batches:
        features = [orjson.dumps(_build_feature(info, orjson.loads(item))) for item in items]
        if features:
            yield separator + b",\n".join(features)
            separator = b",\n"
    yield (b"" if separator == b",\n" else separator) + b"]}"


def _build_head(info: ListInfo) -> bytes:
    links = [{"href": info.url, "rel": "self", "type": MEDIA_TYPE}]
    if info.next_url is not None:
        links.append({"href": info.next_url, "rel": "next", "type": MEDIA_TYPE})
    fields = {"type": "FeatureCollection", "timeStamp": info.updated, "links": links}
    return orjson.dumps(fields).removesuffix(b"}") + b","


def _build_feature(info: ListInfo, item: dict[str, Any]) -> dict[str, Any]:
    entry = entries.build_entry(info.shape, item)
    # An id is unique only within one noun; a list of several nouns needs paths.
    ident = item["id"] if issubclass(info.shape, RecordPublic) else entry.path
    return {
        "type": "Feature",
        "id": ident,
        "geometry": entry.point and {"type": "Point", "coordinates": entry.point},
        "properties": flatten(info.shape, item) | {"href": info.base + entry.path},
    }
