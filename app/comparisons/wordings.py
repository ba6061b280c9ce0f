"""The printings of an utterance, each compared with the fullest or another of them."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from app.analysis import wording
from app.analysis.first_published import PrintingDate, find_first
from app.analysis.wording import Edit, Wording
from app.core.errors import Invalid
from app.core.vocab import Noun
from app.database.statements import ReadSession
from app.queries import records
from app.queries.listing import Page, PageRequest
from app.schemas.common import split_commas
from app.schemas.printing import DifferenceFilter

Body = Mapping[str, Any]

# Code points of all printings that are compared for one answer: some 0.1 s of work for usual ones, 1 s at the worst.
_MOST = 200_000


def build_utterance(item: str) -> str:
    """The utterance that the database gives (``queries.utterances.full``) as an ``UtteranceFull``."""
    utterance = orjson.loads(item)
    rows = [each["statement"] | {"published_at": each["published_at"]} for each in utterance["printings"]]
    first = find_first([_published(row) for row in rows])
    told = [
        {**row, "first": row["id"] in first, "fullest": row is base, **_told(base, row, found)}
        for base, row, found in _compared(rows, utterance["fullest"])
    ]
    return orjson.dumps(utterance | {"first": sorted(first), "printings": told}).decode()


def _published(row: Body) -> PrintingDate:
    days = row["document"]["published"] or {"earliest": None, "latest": None}
    earliest, latest = (day and dt.date.fromisoformat(day) for day in (days["earliest"], days["latest"]))
    at = row["published_at"] and dt.datetime.fromisoformat(row["published_at"])
    return PrintingDate(row["id"], earliest, latest, at)


def _compared(rows: Sequence[Body], ident: int | None) -> Iterator[tuple[Body, Body, Wording | str]]:
    """The base, which has this id; each printing; and how that one reads against it, or why this is not said."""
    base = next((row for row in rows if row["id"] == ident), None)
    left = _MOST
    for row in rows if base else ():
        assert base is not None
        left -= len(row["text"])
        if not _of_one_language(base, row):
            yield base, row, "language"
        else:
            found = wording.compare(base["text"], row["text"]) if left >= 0 else None
            yield base, row, found or "length"


def _of_one_language(base: Body, row: Body) -> bool:
    """As far as is known: ``en-GB`` is no other language than ``en``."""
    one, other = base["language"], row["language"]
    return not one or not other or one.lower().partition("-")[0] == other.lower().partition("-")[0]


def _told(base: Body, row: Body, found: Wording | str) -> dict[str, Any]:
    if isinstance(found, str):
        return {"likeness": None, "differences": None, "cuts": None, "not_compared": found}
    text = base["text"]
    cuts = [{"start": start, "end": end, "words": text[start:end]} for start, end in found.left_out]
    differences = [_difference(edit, text, row["text"]) for edit in found.edits]
    likeness = round(found.likeness, 4)
    return {"likeness": likeness, "differences": differences, "cuts": cuts, "not_compared": None}


def _difference(edit: Edit, base: str, other: str) -> dict[str, Any]:
    of_base = {"base_words": base[edit.base_start : edit.base_end]}
    return edit._asdict() | of_base | {"words": other[edit.start : edit.end]}


async def get_differences(reads: ReadSession, utterance: int, filters: DifferenceFilter) -> "Differences":
    """The differences of all printings; raises Missing, or Invalid for a base that is none of them."""
    item = orjson.loads(await records.get_current(reads, Noun.UTTERANCES, utterance))
    rows = sorted((each["statement"] for each in item["printings"]), key=lambda row: int(row["id"]))
    if filters.base is not None and filters.base not in item["statements"]:
        raise Invalid("base", "no printing of this utterance")
    return Differences(rows, filters.base or item["fullest"], frozenset(split_commas(filters.op)))


_Row = tuple[tuple[int, int], dict[str, Any]]
"""A difference under the key that a page ends with: the printing's id, and the number of the difference in it."""


@dataclass(frozen=True)
class Differences:
    """One item a difference (``UtteranceDifference``), in the order of the printings and of their texts."""

    rows: Sequence[Body]
    base: int | None
    ops: frozenset[str]

    async def page(self, _reads: ReadSession, request: PageRequest) -> Page:
        found = self._found[::-1] if request.sort.startswith("-") else self._found
        if request.after is not None:
            found = found[[key for key, _ in found].index((int(request.after[0]), request.after[1])) + 1 :]
        items = [orjson.dumps(item).decode() for _, item in found[: request.limit]]
        return Page(items, found[request.limit - 1][0] if len(found) > request.limit else None)

    async def count(self, _reads: ReadSession) -> int:
        return len(self._found)

    @cached_property
    def _found(self) -> list[_Row]:
        compared = _compared(self.rows, self.base)
        return [
            each for base, row, found in compared if isinstance(found, Wording) for each in self._of(base, row, found)
        ]

    def _of(self, base: Body, row: Body, found: Wording) -> Iterator[_Row]:
        of = {"statement": row["id"], "source": row["source"]["slug"]}
        of |= {"base": base["id"], "base_source": base["source"]["slug"]}
        for number, edit in enumerate(found.edits):
            if not self.ops or edit.op in self.ops:
                yield (row["id"], number), of | _difference(edit, base["text"], row["text"])
