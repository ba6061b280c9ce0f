"""The plans of lists: a page is read along an index, never through a whole table, and sorted only what they gathered.

Plans are read, not timed. On stores this small PostgreSQL would rather scan and sort; told not to, it shows
whether an index would serve. SQLite plans by the indexes alone.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, event

from tests.conftest import Store
from tests.test_statement_counts import Watched

# An index gives these in their order.
ORDERED = [
    "/events",
    "/events?sort=date",
    "/events?sort=-sources",
    "/events?sort=statements",
    "/events?date=2024-06-19",
    "/events?date=2024-06-19&date_match=possible",
    "/events?from=2024-06-01",
    "/events?to=2024-06-30",
    "/events?from=2024-06-01&to=2024-06-30&sort=date",
    "/events?country=KP",
    "/events?country=KP&date=2024-06-19",
    "/events?type=agree",
    "/events?min_sources=2",
    "/events?bbox=-180,-90,180,90",
    "/events?source=tass",
    "/events?source=tass&date=2024-06-19",
    "/sources/tass/events",
    "/statements",
    "/statements?date=2024-06-19",
    "/statements?from=2024-06-01&to=2024-06-30",
    "/statements?kind=direct",
    "/statements?speaker=vladimir-putin",
    "/statements?speaker=vladimir-putin&date=2024-06-19",
    "/speakers/vladimir-putin/statements",
    "/documents",
    "/documents?date=2024-06-19",
    "/documents?source=tass",
    "/documents?source=tass&date=2024-06-19",
    "/sources/tass/documents",
    "/sources",
    "/speakers",
    "/utterances",
    "/utterances?speaker=vladimir-putin",
    "/utterances?date=2024-06-19",
    "/utterances?speaker=vladimir-putin&from=2024-06-01&to=2024-06-30",
    "/utterances?min_sources=2",
    "/speakers/vladimir-putin/utterances",
    "/claims",
    "/claims?sort=property",
    "/claims?property=date",
    "/revisions",
]

# Walked through in the order of their ids, which is the table's own.
BY_ID = ["/events?sort=-id", "/statements?sort=id", "/documents?sort=id", "/reports", "/reports?role=main"]

# Of these an index gives what matches, which is sorted then: a search, or the rows that hang on one record.
GATHERED = [
    "/events?q=treaty",
    "/events?speaker=vladimir-putin",
    "/events?bbox=124,38,131,43",
    "/events?min_origins=2",
    "/events?source=tass&sort=-id",
    "/events?date=2024-06-19&sort=-id",
    "/statements?date=2024-06-19&sort=-id",
    "/documents?date=2024-06-19&sort=-id",
    "/events/1/sources",
    "/events/1/statements",
    "/events/1/discrepancies",
    "/discrepancies?from=2024-06-01&to=2024-06-30",
    "/discrepancies?source=tass",
    "/statements?event=1",
    "/statements?utterance=1",
    "/statements?via=tass",
    "/statements?source=tass",
    "/statements?q=treaty",
    "/documents?q=treaty",
    "/documents/1/statements",
    "/utterances?event=1",
    "/utterances?source=tass",
    "/utterances?q=treaty",
    "/utterances/1/differences",
    "/reports?event=1",
    "/reports?source=tass",
    "/claims?event=1",
    "/search?q=treaty",
    "/changes?since=1",
]

# What grows with the news. Of the others a store holds few, or a page's worth has been found already.
LARGE = ("event", "statement", "document", "report", "coverage", "tally", "history")


@pytest.fixture(autouse=True)
def _watched(application: FastAPI, reader: TestClient, shared_store: Store) -> Iterator[None]:
    before, application.state.read_pool = application.state.read_pool, Watched(shared_store.engine)
    yield
    application.state.read_pool = before


def plans(client: TestClient, store: Store, address: str, without: Sequence[str]) -> list[str]:
    """Return the plans of the statements of an address, one step per line, planned ``without`` some methods."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.split()[0].upper() in ("SELECT", "WITH"):
            sent.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(store.engine, "before_cursor_execute", note)
    with store.engine.connect() as connection:
        return [explain(connection, statement, parameters, without) for statement, parameters in sent]


def explain(connection: Connection, statement: str, parameters: Any, without: Sequence[str]) -> str:
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(row[3] for row in rows)
    for way in without:
        connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
    [plan] = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).scalar_one()
    return "\n".join(steps(plan["Plan"]))


def steps(node: dict[str, Any], *, nested: bool = False) -> Iterator[str]:
    nested = nested or node.get("Parent Relationship") == "SubPlan"
    sorts = nested and node["Node Type"].endswith("Sort")
    yield f"{'Nested ' if sorts else ''}{node['Node Type']} {node.get('Relation Name', '')}"
    for below in node.get("Plans", []):
        yield from steps(below, nested=nested)


def scans(plan: str) -> list[str]:
    """Return the steps that read a whole large table."""
    whole = [rf"SCAN ({table})(_\d+)?" for table in LARGE] + [f"Seq Scan ({table})" for table in LARGE]
    return [line for line in plan.splitlines() if any(re.fullmatch(step, line) for step in whole)]


@pytest.mark.parametrize("address", ORDERED + GATHERED)
def test_no_list_scans_a_large_table(reader: TestClient, shared_store: Store, address: str) -> None:
    for plan in plans(reader, shared_store, address, ["seqscan"]):
        assert not scans(plan), plan


@pytest.mark.parametrize("address", ORDERED + BY_ID)
def test_list_is_ordered_by_an_index(reader: TestClient, shared_store: Store, address: str) -> None:
    page = max(plans(reader, shared_store, address, ["seqscan", "bitmapscan", "sort"]), key=len)
    # Nested lists of one item are sorted: some rows, after the page has been found.
    plan = page[: page.find("CORRELATED")] if "CORRELATED" in page else page

    assert "TEMP B-TREE FOR ORDER BY" not in plan, page
    assert "TEMP B-TREE FOR LAST" not in plan, page
    assert not [line for line in page.splitlines() if line.startswith(("Sort ", "Incremental Sort "))], page


def test_scan_detection_reads_plans() -> None:
    assert scans("SCAN event\nSCAN event USING INDEX ix\nSEARCH event (x)") == ["SCAN event"]
    assert scans(json.loads('"Seq Scan event\\nSeq Scan source"')) == ["Seq Scan event"]
