"""The facts about a list that a format writes besides its items."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

Item = Mapping[str, Any]
"""An item of a list: the parsed JSON of its public shape."""


@dataclass(frozen=True)
class ListInfo:
    """A list as its formats need it: the ``shape`` of its items, its addresses, and options of the format.

    ``base`` is the absolute URL of the API's root, without a slash at the end. ``url`` and ``next_url`` are the
    absolute URLs of this page and of the next one. ``updated`` is the time of the newest revision of the store
    (RFC 3339, UTC); for a feed, ``revision_times`` holds the times of the revisions of its items.
    """

    shape: type[BaseModel]
    base: str
    url: str
    title: str
    updated: str
    next_url: str | None = None
    flat: bool = False
    bom: bool = False
    revision_times: Mapping[int, str] = field(default_factory=dict)
