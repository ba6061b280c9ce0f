"""JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/), a page at a time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from app.formats import entries
from app.formats.list_info import Item, ListInfo

MEDIA_TYPE = "application/feed+json"


def write(info: ListInfo, batches: Iterable[Sequence[str]]) -> Iterator[bytes]:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": info.title,
        "home_page_url": entries.get_list_url(info),
        "feed_url": info.url,
        "next_url": info.next_url,
        "items": [_build_item(info, orjson.loads(item)) for items in batches for item in items],
    }
    yield orjson.dumps(_drop_nulls(feed))


def _build_item(info: ListInfo, item: Item) -> dict[str, Any]:
    entry = entries.build_entry(info.shape, item)
    url = info.base + entry.path
    return _drop_nulls(
        {
            "id": url,
            "url": entry.page or url,
            "title": entry.title,
            "content_text": entry.text,
            "date_published": entry.published,
            "date_modified": entries.get_update_time(info, item),
            "authors": [{"name": entry.author}] if entry.author is not None else None,
            "tags": entry.tags or None,
            "_dateline": {"record": url, "date": entry.date, "place": entry.place},
        }
    )


def _drop_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out the fields without a value: the format has no null."""
    return {name: value for name, value in fields.items() if value is not None}
