"""The captures of one published item: a changed article is a new document, which supersedes the one before."""

import datetime as dt
from collections.abc import Iterable

from app.database.models import Document


def neighbours(captures: Iterable[Document], at: dt.datetime) -> tuple[Document | None, Document | None]:
    """Of the captures of one item, the last until this moment and the first after it.

    A capture may come into the store after a later one, as from an archive.
    """
    order = sorted(captures, key=lambda each: (each.retrieved_at, each.id or 0))
    before = [each for each in order if each.retrieved_at <= at]
    after = order[len(before) :]
    return (before[-1] if before else None), (after[0] if after else None)
