"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), a page at a time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from app.formats import entries
from app.formats.listed import Listed

MEDIA_TYPE = "application/feed+json"


def write(listed: Listed, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": listed.title,
        "home_page_url": entries.about(listed),
        "feed_url": listed.here,
        "next_url": listed.then,
        "items": [_item(listed, orjson.loads(item)) for items in batches for item in items],
    }
    yield orjson.dumps(_known(feed))


def _item(listed: Listed, item: entries.Item) -> dict[str, Any]:
    told = entries.entry(listed.shape, item)
    address = listed.base + told.path
    return _known(
        {
            "id": address,
            "url": told.page or address,
            "title": told.title,
            "content_text": told.text,
            "date_published": told.published,
            "date_modified": entries.updated(listed, item),
            "authors": [{"name": told.author}] if told.author is not None else None,
            "tags": told.tags or None,
            "_dateline": {"record": address, "date": told.date, "place": told.place},
        }
    )


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    """Without those that have no value, for which the format has no null."""
    return {name: value for name, value in fields.items() if value is not None}
