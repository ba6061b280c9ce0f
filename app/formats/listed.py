"""What is known of a list besides its items: for formats that are read far from here."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel


@dataclass(frozen=True)
class Listed:
    """A list that is written: the ``shape`` of its items, what was asked of the format, and where it stands.

    ``base`` is the absolute address of the API's root, without a slash at the end; ``here`` and ``then`` are those of
    this list and of its next page. ``title`` says what it is a list of. ``updated`` is the moment of the newest
    revision of the store, RFC 3339 in UTC; of a feed, ``moments`` are those of the revisions of its items.
    """

    shape: type[BaseModel]
    base: str
    here: str
    title: str
    updated: str
    then: str | None = None
    flat: bool = False
    bom: bool = False
    moments: Mapping[int, str] = field(default_factory=dict)
