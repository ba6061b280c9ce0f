"""Every list of the API with its shape and its orders, and functions that read lists."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.core.vocab import Noun, Operation
from app.schemas.claim import ClaimPublic
from app.schemas.coverage import CellPublic, CoveragePublic
from app.schemas.document import DocumentPublic
from app.schemas.event import EventPublic, EventSourcePublic
from app.schemas.printing import UtteranceDifference
from app.schemas.report import ReportPublic
from app.schemas.revision import ChangePublic, RevisionPublic, VersionPublic
from app.schemas.search import SearchPublic
from app.schemas.source import SourcePublic
from app.schemas.speaker import SpeakerPublic
from app.schemas.statement import StatementPublic
from app.schemas.stats import StatPublic
from app.schemas.utterance import UtterancePublic

Item = dict[str, Any]
Key = Callable[[Item], Any]


def _earliest(name: str) -> Key:
    """Return the key of a list ordered by date: a record without a date sorts before all dates."""
    return lambda item: (item[name] or {"earliest": ""})["earliest"]


def _value(name: str) -> Key:
    return lambda item: item[name]


def _folded(item: Item) -> str:
    return str(item["name"]).casefold()


def _cell(item: Item) -> tuple[str, int, int]:
    return item["event"]["date"]["earliest"], item["event"]["id"], item["source"]["id"]


def _period(item: Item) -> tuple[bool, str, str]:
    """Sort the counts of no period after those of all periods."""
    return item["period"] is None, item["period"] or "", item["key"] or ""


def _change(item: Item) -> tuple[int, int, int]:
    """Sort the changes of one revision by noun, then by operation."""
    return item["revision"], list(Noun).index(item["noun"]), list(Operation).index(item["operation"])


def _number(item: Item) -> int:
    return int(item["id"])


@dataclass(frozen=True)
class List:
    """A list of items of ``shape`` at ``address``; ``sorts`` maps its orders to their keys."""

    address: str
    shape: type[BaseModel]
    sorts: dict[str, Key] = field(default_factory=dict)
    counted: bool = True
    named: str = ""
    """Filters that name sources or speakers, if the list has any."""
    computed: bool = False
    """True for a list that is computed from rows, not read from a table."""

    def __str__(self) -> str:
        return self.address

    def query(self, parameters: str) -> str:
        return f"{self.address}{'&' if '?' in self.address else '?'}{parameters}"


_STATEMENTS = {"said": _earliest("said"), "id": _number}
_UTTERANCES = {"said": _earliest("said"), "sources": _value("source_count"), "id": _number}
_EVENTS = {"date": _earliest("date"), "id": _number} | {
    f"{noun}s": _value(f"{noun}_count") for noun in ("source", "origin", "statement")
}
_DOCUMENTS = {"published": _earliest("published"), "id": _number}
_OUTLETS: dict[str, Key] = {"published": _value("first_published_on"), "name": _folded}
_PERIODS: dict[str, Key] = {"period": _period}
_WHO = "speaker=putin&source=meduza,naenara&via=tass"

LISTS = (
    List("/events", EventPublic, _EVENTS, named="speaker=putin&source=meduza,naenara"),
    List("/documents", DocumentPublic, _DOCUMENTS, named="source=meduza,naenara"),
    List("/reports", ReportPublic, {"id": _number}, named="source=meduza,naenara"),
    List("/claims", ClaimPublic, {"property": _value("property"), "id": _number}, named="source=meduza,naenara"),
    List("/statements", StatementPublic, _STATEMENTS, named=_WHO),
    List("/utterances", UtterancePublic, _UTTERANCES, named="speaker=kim,treaty-2024&source=meduza,naenara"),
    List("/utterances/1/differences", UtteranceDifference, {"statement": _value("statement_id")}, counted=False),
    List("/sources", SourcePublic, {"name": _folded, "documents": _value("document_count"), "id": _number}),
    List("/speakers", SpeakerPublic, {"name": _folded, "statements": _value("statement_count"), "id": _number}),
    List("/revisions", RevisionPublic, {"id": _number}),
    List("/search?q=treaty", SearchPublic, {"date": lambda item: None}, counted=False),
    List("/changes", ChangePublic, {"revision": _change}, counted=False),
    List(
        "/events/1/sources",
        EventSourcePublic,
        {"published": lambda item: item["first_published_on"] or "", "name": _folded},
    ),
    List("/events/1/statements", StatementPublic, _STATEMENTS, named=_WHO),
    List("/documents/1/statements", StatementPublic, _STATEMENTS, named=_WHO),
    List("/speakers/vladimir-putin/statements", StatementPublic, _STATEMENTS, named=_WHO),
    List("/speakers/kim-jong-un/utterances", UtterancePublic, _UTTERANCES, named="source=meduza,the-final-call"),
    List("/sources/naenara/events", EventPublic, _EVENTS, named="speaker=putin&source=meduza,naenara"),
    List("/sources/naenara/documents", DocumentPublic, _DOCUMENTS, named="source=naenara"),
    List("/coverage", CellPublic, {"date": _cell}, named="source=meduza,naenara"),
    List(
        "/events/1/coverage",
        CoveragePublic,
        {"published": _value("first_published_on"), "name": _folded},
        computed=True,
    ),
    List(
        "/stats/events?by=source&interval=month", StatPublic, {"period": _period}, named="speaker=putin", computed=True
    ),
    List("/stats/statements?by=speaker", StatPublic, _PERIODS, named="source=meduza,naenara", computed=True),
    List("/events/1/history", VersionPublic, {"revision": _value("revision")}, counted=False),
)

ORDERS = [(list_, sign + name) for list_ in LISTS for name in list_.sorts for sign in ("", "-")]


def read(client: TestClient, address: str) -> Any:
    """Return the JSON of an address; fail unless it answers 200."""
    response = client.get(address)
    assert response.status_code == 200, response.text
    return response.json()


def items(client: TestClient, address: str) -> list[Item]:
    """Return the items of a list; fail if it has more than one page."""
    page = read(client, address)
    assert page["next"] is None
    result: list[Item] = page["items"]
    return result


def pages(client: TestClient, address: str) -> Iterator[list[Item]]:
    """Yield the items of one page after the other, following ``next``."""
    next_address: str | None = address
    while next_address is not None:
        page = read(client, next_address)
        yield page["items"]
        next_address = page["next"]


def id_of(client: TestClient, address: str, **fields: Any) -> int:
    """Return the id of the only item of a list that has these values."""
    [match] = [item for item in items(client, address) if all(item[name] == fields[name] for name in fields)]
    return int(match["id"])


def event_id(client: TestClient, name: str) -> int:
    """Return the id of a seed event."""
    return id_of(client, "/events?limit=500", external_id=f"seed:{name}")
