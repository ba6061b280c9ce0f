"""GeoJSON (RFC 7946): a collection of features, with the flat rows as their properties.

Its links and its time stamp are those of OGC API Features. What has no coordinates is a feature without a geometry.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from app.formats import entries
from app.formats.flat import flatten
from app.formats.listed import Listed
from app.schemas.common import RecordPublic

MEDIA_TYPE = "application/geo+json"


def write(listed: Listed, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    before = _head(listed) + b'"features":['
    for items in batches:
        features = [orjson.dumps(_feature(listed, orjson.loads(item))) for item in items]
        if features:
            yield before + b",\n".join(features)
            before = b",\n"
    yield (b"" if before == b",\n" else before) + b"]}"


def _head(listed: Listed) -> bytes:
    links = [{"href": listed.here, "rel": "self", "type": MEDIA_TYPE}]
    if listed.then is not None:
        links.append({"href": listed.then, "rel": "next", "type": MEDIA_TYPE})
    fields = {"type": "FeatureCollection", "timeStamp": listed.updated, "links": links}
    return orjson.dumps(fields).removesuffix(b"}") + b","


def _feature(listed: Listed, item: dict[str, Any]) -> dict[str, Any]:
    told = entries.entry(listed.shape, item)
    return {
        "type": "Feature",
        # Ids are of one noun; in a list of several, paths are what tells records apart.
        "id": item["id"] if issubclass(listed.shape, RecordPublic) else told.path,
        "geometry": told.point and {"type": "Point", "coordinates": told.point},
        "properties": flatten(listed.shape, item) | {"href": listed.base + told.path},
    }
