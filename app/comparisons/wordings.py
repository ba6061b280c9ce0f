"""The printings of an utterance, compared with the fullest of them or another."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from app.analysis import wording
from app.analysis.first_published import PrintingDate, find_first
from app.analysis.wording import Edit, Wording
from app.core.errors import Invalid
from app.core.vocab import Noun
from app.database.reads import ReadSession
from app.queries import records
from app.queries.listing import Page, PageRequest
from app.schemas.common import split_commas
from app.schemas.printing import DifferenceFilter

Body = Mapping[str, Any]

# Code points of all printings compared for one response: usually 0.1 s of work, at most 1 s.
_MAX_COMPARED = 200_000


class _Comparison(NamedTuple):
    """A printing, and its wording compared with the ``base``, or the reason why it was not compared."""

    base: Body
    printing: Body
    wording: Wording | str


def build_utterance(item: str) -> str:
    """Build an ``UtteranceFull`` from the item of ``queries.utterances.select_full``."""
    utterance = orjson.loads(item)
    printings = [row["statement"] | {"published_at": row["published_at"]} for row in utterance["printings"]]
    first = find_first([_get_printing_date(printing) for printing in printings])
    items = [
        {
            **comparison.printing,
            "is_first": comparison.printing["id"] in first,
            "is_fullest": comparison.printing is comparison.base,
            **_build_comparison_fields(comparison),
        }
        for comparison in _compare_printings(printings, utterance["fullest_statement_id"])
    ]
    return orjson.dumps(utterance | {"first_statement_ids": sorted(first), "printings": items}).decode()


def _get_printing_date(printing: Body) -> PrintingDate:
    days = printing["document"]["published"] or {"earliest": None, "latest": None}
    earliest, latest = (day and dt.date.fromisoformat(day) for day in (days["earliest"], days["latest"]))
    at = printing["published_at"] and dt.datetime.fromisoformat(printing["published_at"])
    return PrintingDate(printing["id"], earliest, latest, at)


def _compare_printings(printings: Sequence[Body], base_id: int | None) -> Iterator[_Comparison]:
    """Compare all printings with the one that has the id ``base_id``; yield none if there is no such printing."""
    base = next((printing for printing in printings if printing["id"] == base_id), None)
    if base is None:
        return
    left = _MAX_COMPARED
    for printing in printings:
        left -= len(printing["text"])
        if not _may_be_same_language(base["language"], printing["language"]):
            yield _Comparison(base, printing, "language")
        else:
            compared = wording.compare(base["text"], printing["text"]) if left >= 0 else None
            yield _Comparison(base, printing, compared or "length")


def _may_be_same_language(first: str | None, second: str | None) -> bool:
    """Return False if both languages are known and differ, not counting regions: ``en-GB`` is ``en``."""
    return not first or not second or first.lower().partition("-")[0] == second.lower().partition("-")[0]


def _build_comparison_fields(comparison: _Comparison) -> dict[str, Any]:
    if isinstance(comparison.wording, str):
        return {"likeness": None, "differences": None, "cuts": None, "not_compared": comparison.wording}
    text = comparison.base["text"]
    cuts = [{"start": start, "end": end, "words": text[start:end]} for start, end in comparison.wording.left_out]
    differences = [_build_difference(edit, text, comparison.printing["text"]) for edit in comparison.wording.edits]
    likeness = round(comparison.wording.likeness, 4)
    return {"likeness": likeness, "differences": differences, "cuts": cuts, "not_compared": None}


def _build_difference(edit: Edit, base: str, text: str) -> dict[str, Any]:
    words = {"base_words": base[edit.base_start : edit.base_end], "words": text[edit.start : edit.end]}
    return edit._asdict() | words


async def get_differences(reads: ReadSession, utterance: int, filters: DifferenceFilter) -> "DifferenceListing":
    """Return the differences of all printings; raise Missing, or Invalid for a base that is not one of them."""
    item = orjson.loads(await records.get_current(reads, Noun.UTTERANCES, utterance))
    printings = sorted((row["statement"] for row in item["printings"]), key=lambda printing: int(printing["id"]))
    if filters.base is not None and filters.base not in item["statement_ids"]:
        raise Invalid("base", "no printing of this utterance")
    return DifferenceListing(
        printings, filters.base or item["fullest_statement_id"], frozenset(split_commas(filters.op))
    )


class _Difference(NamedTuple):
    """A difference, and its key: the id of the printing, and the number of the difference in it."""

    key: tuple[int, int]
    item: dict[str, Any]


@dataclass(frozen=True)
class DifferenceListing:
    """The differences (``UtteranceDifference``), ordered by the ids of printings and the places in their texts."""

    printings: Sequence[Body]
    base_id: int | None
    ops: frozenset[str]

    async def page(self, _reads: ReadSession, request: PageRequest) -> Page:
        """Return one page; raise ValueError if ``request.after`` is not a key of this list."""
        differences = self._differences[::-1] if request.sort.startswith("-") else self._differences
        if request.after is not None:
            after = (int(request.after[0]), request.after[1])
            differences = differences[[difference.key for difference in differences].index(after) + 1 :]
        page = differences[: request.limit]
        items = [orjson.dumps(difference.item).decode() for difference in page]
        return Page(items, page[-1].key if len(differences) > len(page) else None)

    async def count(self, _reads: ReadSession) -> int:
        """Return the number of differences."""
        return len(self._differences)

    @cached_property
    def _differences(self) -> list[_Difference]:
        differences: list[_Difference] = []
        for base, printing, compared in _compare_printings(self.printings, self.base_id):
            if isinstance(compared, str):
                continue
            place = {
                "statement_id": printing["id"],
                "source_slug": printing["source"]["slug"],
                "base_statement_id": base["id"],
                "base_source_slug": base["source"]["slug"],
            }
            for number, edit in enumerate(compared.edits):
                if not self.ops or edit.op in self.ops:
                    item = place | _build_difference(edit, base["text"], printing["text"])
                    differences.append(_Difference((printing["id"], number), item))
        return differences
