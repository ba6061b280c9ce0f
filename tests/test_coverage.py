"""``/events/{id}/coverage`` and ``/coverage``: each count equals a recount of the rows in plain Python."""

import csv
import datetime as dt
import io
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from app.analysis.coverage import count_covered
from app.analysis.first_published import Lag, PublicationOrder, PublicationTime
from app.core.spans import Span
from app.core.vocab import CoverageStatus
from app.database.models import Attribution, Claim, Document, Event, Report, Source, Statement
from tests.conftest import Store
from tests.data import flows
from tests.data.flows import Flow
from tests.data.lists import items, pages, read
from tests.properties import for_all, shares_a_store
from tests.test_stats import desk, newsroom

__all__ = ["desk", "newsroom"]  # the fixtures

Item = dict[str, Any]

TREATY = "/events/1/coverage"


def by_slug(client: TestClient, address: str) -> dict[str, Item]:
    return {item["slug"]: item for item in items(client, address)}


# What the seed shows


def test_treaty_coverage_has_five_outlets_in_order(reader: TestClient) -> None:
    outlets = by_slug(reader, f"{TREATY}?status=reported")

    assert {
        slug: (item["first_published_on"], item["lag_days"], item["is_first"]) for slug, item in outlets.items()
    } == {
        "the-new-american": ("2024-06-19", 0, True),
        "real-news-india": ("2024-06-20", 1, False),
        "meduza": ("2024-06-20", 1, False),
        "the-final-call": ("2024-06-25", 6, False),
        "naenara": ("2025-06-01", 347, False),
    }


def test_outlet_lists_what_only_others_carry(reader: TestClient) -> None:
    outlets = by_slug(reader, f"{TREATY}?status=reported")
    carried = {slug: properties(reader, slug) for slug in outlets}
    everything = set().union(*carried.values())

    for slug, outlet in outlets.items():
        assert set(outlet["left_out"]["properties"]) == everything - carried[slug]
        assert len(outlet["claim_ids"]) == len(items(reader, f"/claims?event=1&source={slug}&limit=500"))
        assert len(outlet["statement_ids"]) == len(items(reader, f"/statements?event=1&source={slug}&limit=500"))
        said = items(reader, f"/statements?event=1&source={slug}&limit=500")
        assert not {speaker["slug"] for speaker in outlet["left_out"]["speakers"]} & {
            item["speaker"]["slug"] for item in said if item["speaker"]
        }


def properties(client: TestClient, slug: str) -> set[str]:
    return {claim["property"] for claim in items(client, f"/claims?event=1&source={slug}&limit=500")}


def test_every_origin_has_a_first_outlet(reader: TestClient) -> None:
    origins = {origin["key"] for origin in items(reader, "/events/1/origins")}

    assert {key for outlet in items(reader, TREATY) for key in outlet["first_origin_keys"]} == origins


def test_document_has_its_share_about_the_event(reader: TestClient) -> None:
    for outlet in items(reader, f"{TREATY}?status=reported"):
        for document in outlet["covering_documents"]:
            text = read(reader, f"/documents/{document['id']}")["text"]
            assert document["length"] == len(text)
            assert document["share"] == pytest.approx(document["about_length"] / len(text), abs=1e-4)
            parts = [document[f"{name}_length"] for name in ("passage", "statement", "claim")]
            assert max(parts) <= document["about_length"] <= min(sum(parts), len(text))


def test_source_without_a_report_is_no_document(reader: TestClient) -> None:
    outlets = items(reader, "/events/2/coverage")
    silent = outlets[-1]

    assert [item["slug"] for item in outlets if item["coverage_status"] == "no_document"] == [
        "real-news-india",
        "the-new-american",
    ]
    assert (
        silent["contemporary_document_count"],
        silent["covering_documents"],
        silent["is_first"],
        silent["lag_days"],
    ) == (1, [], False, None)
    assert silent["left_out"] == {"utterance_ids": [], "properties": [], "speakers": []}


def test_new_feed_changes_coverage_at_once(writer: TestClient) -> None:
    answer = writer.get(TREATY)
    assert "tass" not in {item["slug"] for item in answer.json()["items"]}

    feed = writer.post("/feeds", json={"url": "https://tass.example/rss", "source": "tass"}).json()

    again = writer.get(TREATY, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 200
    assert {item["slug"]: item["followed"] for item in again.json()["items"]}["tass"] is True
    writer.patch(f"/feeds/{feed['id']}", json={"active": False})
    assert "tass" not in by_slug(writer, TREATY)


def test_coverage_as_csv(reader: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(reader.get(f"{TREATY}?format=csv").text)))

    assert [row["slug"] for row in rows] == list(by_slug(reader, TREATY))
    assert {row["coverage_status"] for row in rows} == {"reported"}
    assert rows[0]["covering_documents"] == "1"
    assert rows[0]["left_out_speakers"] == "; ".join(
        speaker["slug"] for speaker in items(reader, TREATY)[0]["left_out"]["speakers"]
    )


def test_status_selects_outlets(reader: TestClient) -> None:
    outlets = items(reader, "/events/2/coverage")

    for status in CoverageStatus:
        assert items(reader, f"/events/2/coverage?status={status}") == [
            item for item in outlets if item["coverage_status"] == status
        ]


def test_coverage_of_unknown_event_is_404(reader: TestClient) -> None:
    assert reader.get("/events/999999/coverage").status_code == 404


# The matrix


def test_matrix_has_a_cell_per_event_and_outlet(reader: TestClient) -> None:
    cells = items(reader, "/coverage?limit=500")

    assert Counter(cell["event"]["id"] for cell in cells) == {
        event["id"]: event["source_count"] for event in items(reader, "/events?limit=500") if event["source_count"]
    }


QUERY_CASES: list[str] = [
    "type=cooperate",
    "country=KP",
    "min_sources=2",
    "from=2024-06-01&to=2024-06-30",
    "date=2024-06-19",
]


def test_matrix_has_the_events_of_the_list(reader: TestClient, subtests: pytest.Subtests) -> None:
    for query in QUERY_CASES:
        with subtests.test(query=query):
            events = [event["id"] for event in items(reader, f"/events?{query}&limit=500") if event["source_count"]]
            cells = items(reader, f"/coverage?{query}&limit=500")

            assert {cell["event"]["id"] for cell in cells} == set(events)
            assert cells


# Every count equals a recount


class Rows:
    """All rows of a store."""

    def __init__(self, store: Store) -> None:
        with Session(store.engine) as session:
            self.events = {row.id or 0: row for row in session.exec(select(Event))}
            self.sources = {row.id: row for row in session.exec(select(Source))}
            self.documents = {row.id: row for row in session.exec(select(Document))}
            self.reports = list(session.exec(select(Report)))
            self.statements = list(session.exec(select(Statement)))
            self.claims = list(session.exec(select(Claim)))
            self.relays: dict[int, set[int]] = defaultdict(set)
            for hop in session.exec(select(Attribution)):
                self.relays[hop.statement_id].add(hop.speaker_id)

    def outlet(self, document: int | None) -> str:
        return self.sources[self.documents[document].source_id].slug

    def said(self, event: int) -> dict[str, list[Statement]]:
        """Statements at the event by outlet."""
        groups = defaultdict(list)
        for row in self.statements:
            if row.event_id == event:
                groups[self.outlet(row.document_id)].append(row)
        return groups

    def claimed(self, event: int) -> dict[str, list[Claim]]:
        """Claims about the event by outlet."""
        reports = {row.id: row for row in self.reports if row.event_id == event}
        groups = defaultdict(list)
        for row in self.claims:
            if row.report_id in reports:
                groups[self.outlet(reports[row.report_id].document_id)].append(row)
        return groups

    def documents_on(self, event: int) -> dict[str, set[int]]:
        ids = {row.document_id for row in self.reports if row.event_id == event}
        ids |= {row.document_id for row in self.statements if row.event_id == event}
        groups = defaultdict(set)
        for ident in ids:
            groups[self.outlet(ident)].add(ident)
        return groups


shared = settings(shares_a_store, max_examples=12)


@pytest.mark.expensive("tries many random sequences")
@shared
@for_all(flow=flows.flows(), limit=st.integers(1, 4))
def test_outlets_of_an_event_equal_a_recount(newsroom: Store, desk: TestClient, flow: Flow, limit: int) -> None:
    events = flows.put(newsroom, flow)
    rows = Rows(newsroom)
    for event in events:
        outlets = by_slug(desk, f"/events/{event}/coverage")
        said, claimed, documents = rows.said(event), rows.claimed(event), rows.documents_on(event)

        assert {slug for slug, item in outlets.items() if item["coverage_status"] == "reported"} == documents.keys()
        for slug, outlet in outlets.items():
            assert {document["id"] for document in outlet["covering_documents"]} == documents.get(slug, set())
            assert outlet["statement_ids"] == sorted(row.id or 0 for row in said.get(slug, ()))
            assert outlet["claim_ids"] == sorted(row.id or 0 for row in claimed.get(slug, ()))
            assert outlet["followed"] == (slug == "silent")
            assert outlet["contemporary_document_count"] == documents_then(rows, rows.events[event], slug)
            if slug in documents:
                check_left_out(outlet["left_out"], slug, said, claimed, rows.relays)
            for document in outlet["covering_documents"]:
                check_share(rows, event, document)
        assert [item for page in pages(desk, f"/events/{event}/coverage?limit={limit}") for item in page] == list(
            outlets.values()
        )
        assert items(desk, f"/events/{event}/coverage?sort=-published") == list(outlets.values())[::-1]


def documents_then(rows: Rows, event: Event, slug: str) -> int | None:
    if (event.latest - event.earliest).days > 31:
        return None
    last = event.latest + dt.timedelta(days=3)
    published = [row for row in rows.documents.values() if rows.sources[row.source_id].slug == slug]
    days = [row.published_earliest for row in published if row.published_earliest is not None]
    return sum(event.earliest <= day <= last for day in days)


def check_left_out(
    left_out: Item,
    slug: str,
    said: Mapping[str, list[Statement]],
    claimed: Mapping[str, list[Claim]],
    relays: Mapping[int, set[int]],
) -> None:
    def count_as_left_out(has: Mapping[str, set[Any]]) -> set[Any]:
        return set().union(*has.values()) - has.get(slug, set()) - {None}

    utterances = {outlet: {row.utterance_id for row in rows} for outlet, rows in said.items()}
    speakers = {
        outlet: {ident for row in rows for ident in (row.speaker_id, *relays.get(row.id or 0, ()))}
        for outlet, rows in said.items()
    }
    properties = {outlet: {row.property for row in rows} for outlet, rows in claimed.items()}

    assert set(left_out["utterance_ids"]) == count_as_left_out(utterances)
    assert {speaker["id"] for speaker in left_out["speakers"]} == count_as_left_out(speakers)
    assert set(left_out["properties"]) == count_as_left_out(properties)
    carriers = [sum(item in has for has in properties.values()) for item in left_out["properties"]]
    assert carriers == sorted(carriers, reverse=True)


def check_share(rows: Rows, event: int, document: Item) -> None:
    """Count the covered characters one by one."""
    report = next((row for row in rows.reports if (row.event_id, row.document_id) == (event, document["id"])), None)
    passage = [row for row in [report] if row is not None and row.start is not None]
    said = [row for row in rows.statements if (row.event_id, row.document_id) == (event, document["id"])]
    claims = [row for row in rows.claims if report is not None and row.report_id == report.id]
    parts = [{at for row in part for at in range(row.start or 0, row.end or 0)} for part in (passage, said, claims)]

    assert document["report_id"] == (report.id if report else None)
    assert [document[f"{name}_length"] for name in ("passage", "statement", "claim")] == [len(part) for part in parts]
    assert document["about_length"] == len(set().union(*parts))


@pytest.mark.expensive("tries many random sequences")
@shared
@for_all(
    flow=flows.flows(),
    limit=st.integers(1, 9),
    filters=st.fixed_dictionaries(
        {},
        optional={
            "source": st.sampled_from(["herald", "herald,wire"]),
            "country": st.sampled_from(["RU", "RU,KP"]),
            "type": st.just("agree"),
            "min_sources": st.sampled_from(["1", "2"]),
            "from": st.just("2023-12-30"),
            "to": st.just("2024-01-31"),
            "date_match": st.just("possible"),
        },
    ),
)
def test_matrix_cells_equal_a_recount(
    newsroom: Store, desk: TestClient, flow: Flow, limit: int, filters: dict[str, str]
) -> None:
    flows.put(newsroom, flow)
    rows = Rows(newsroom)
    address = f"/coverage?{urlencode(filters)}"
    cells = items(desk, f"{address}&limit=500")
    events = items(desk, f"/events?{urlencode(filters)}&limit=500")
    slugs = filters.get("source", "herald,courier,wire,silent").split(",")
    expected = {
        (event["id"], outlet["slug"]) for event in events for outlet in event["sources"] if outlet["slug"] in slugs
    }
    order = [(cell["event"]["date"]["earliest"], cell["event"]["id"], cell["source"]["id"]) for cell in cells]

    assert {(cell["event"]["id"], cell["source"]["slug"]) for cell in cells} == expected
    assert len(cells) == len(expected) == read(desk, f"{address}&limit=1&count=exact")["count"]
    assert order == sorted(order, reverse=True)
    assert [cell for page in pages(desk, f"{address}&limit={limit}") for cell in page] == cells
    assert items(desk, f"{address}&limit=500&sort=date") == cells[::-1]
    for cell in cells:
        check_cell(rows, cell)


def check_cell(rows: Rows, cell: Item) -> None:
    event, slug = cell["event"]["id"], cell["source"]["slug"]
    reporting = defaultdict(list)
    for row in rows.reports:
        if row.event_id == event:
            reporting[rows.outlet(row.document_id)].append(rows.documents[row.document_id].published_earliest)
    days = [day for day in reporting[slug] if day is not None]
    firsts = [day for days in reporting.values() for day in days if day is not None]

    assert cell["document_count"] == len(reporting[slug])
    assert cell["statement_count"] == len(rows.said(event).get(slug, ()))
    assert cell["first_published_on"] == (min(days).isoformat() if days else None)
    assert cell["lag_days"] == ((min(days) - min(firsts)).days if days else None)


# Who was first


moments = st.none() | st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 3), timezones=st.just(dt.UTC))
published = st.lists(
    st.builds(PublicationTime, st.none() | st.dates(dt.date(2024, 1, 1), dt.date(2024, 1, 3)), moments)
)


@for_all(published=published)
def test_first_publications_are_the_earliest(published: list[PublicationTime]) -> None:
    order = PublicationOrder(published)
    first = [publication for publication in published if order.is_first(publication)]
    days = [publication.day for publication in published if publication.day is not None]

    assert bool(first) == bool(days)
    assert all(item.day == min(days) for item in first)
    assert all(order.get_lag(item).days == 0 for item in first)
    for one in first:
        for other in published:
            if other.day == one.day and other not in first:
                assert one.moment is not None
                assert other.moment is not None
                assert one.moment < other.moment


def test_lag_has_seconds_if_both_times_are_exact() -> None:
    noon = dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)
    first, later = PublicationTime(noon.date(), noon), PublicationTime(noon.date(), noon + dt.timedelta(seconds=90))
    undated = PublicationTime(noon.date(), None)

    assert PublicationOrder([first, later]).get_lag(later) == Lag(0, 90)
    assert PublicationOrder([first, later]).get_lag(undated) == Lag(0, None)
    assert PublicationOrder([first, later, undated]).get_lag(later) == Lag(0, None)
    assert [PublicationOrder([first, later, undated]).is_first(item) for item in (first, later, undated)] == [
        True,
        True,
        True,
    ]


@for_all(spans=st.lists(st.tuples(st.integers(0, 30), st.integers(1, 10))))
def test_overlapping_spans_are_counted_once(spans: list[tuple[int, int]]) -> None:
    covered = [Span(start, start + length) for start, length in spans]

    assert count_covered(covered) == len({at for span in covered for at in range(span.start, span.end)})
