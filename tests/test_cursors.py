"""Cursors: pages hold every item once, and a cursor is valid for its own list only."""

import string
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import assume
from hypothesis import strategies as st
from pydantic import BaseModel

from app.api.web import cursors
from app.core.errors import Invalid
from tests.properties import for_all, shares_a_store

# Lists in orders with ties, and page sizes that give several pages.
LISTS = [
    "/events?limit=4",
    "/events?sort=-sources&limit=3",
    "/events?sort=statements&limit=3",
    "/events/1/sources?limit=2",
    "/events/1/statements?limit=7",
    "/sources?limit=3",
    "/sources?sort=-documents&limit=3",
    "/sources/meduza/events?limit=1",
    "/documents?limit=2",
    "/documents/1/statements?limit=5",
    "/speakers?limit=7",
    "/speakers?sort=-statements&limit=7",
    "/speakers/vladimir-putin/statements?limit=5",
    "/statements?limit=20",
    "/statements?sort=said&limit=20",
    "/reports?limit=5",
    "/utterances?limit=2",
    "/claims?limit=5",
    "/search?q=putin&limit=6",
    "/changes?limit=100",
]


def read_pages(client: TestClient, path: str) -> list[list[dict[str, Any]]]:
    """Return the items of all pages of a list."""
    pages: list[list[dict[str, Any]]] = []
    address: str | None = path
    while address is not None:
        page = client.get(address).json()
        pages.append(page["items"])
        address = page["next"]
    return pages


def read_cursor(client: TestClient, path: str) -> str:
    """Return the cursor of a list's second page."""
    address: str = client.get(path).json()["next"]
    return address.rpartition("cursor=")[2].partition("&")[0]


def test_pages_hold_all_items_once_in_order(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in LISTS:
        with subtests.test(path):
            whole = reader.get(f"{path.partition('limit=')[0]}limit=500").json()["items"]

            pages = read_pages(reader, path)

            assert len(pages) > 1
            assert [item for page in pages for item in page] == whole


@pytest.mark.parametrize("path", ["/events?limit=4", "/statements?limit=20", "/search?q=putin&limit=6"])
def test_link_header_has_the_next_link(reader: TestClient, path: str) -> None:
    response = reader.get(path)

    assert response.links["next"]["url"] == response.json()["next"]
    assert response.links["self"]["url"] == response.json()["self"] == path


def test_last_page_has_no_next_link(reader: TestClient) -> None:
    response = reader.get("/sources?limit=500")

    assert response.json()["next"] is None
    assert "next" not in response.links


@pytest.mark.parametrize("change", ["limit=1", "count=exact", "flat=true", "format=jsonl", "format=csv"])
def test_limit_count_and_format_may_change_between_pages(reader: TestClient, change: str) -> None:
    cursor = read_cursor(reader, "/events?limit=4")

    assert reader.get(f"/events?cursor={cursor}&{change}").status_code == 200


@pytest.mark.before_the_database
def test_cursor_of_another_list_is_a_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    cursor = read_cursor(reader, "/events?limit=4")
    for address in (
        "/events?sort=date",
        "/events?date=2024-06-19",
        "/events?q=treaty",
        "/events?date_match=possible",
        "/sources/meduza/events",
        "/documents",
        "/statements",
        "/changes",
        "/revisions",
        "/events/1/sources",
        "/events/1/history",
        "/search?q=treaty",
    ):
        with subtests.test(address):
            response = reader.get(f"{address}{'&' if '?' in address else '?'}cursor={cursor}")

            assert response.status_code == 422
            assert [error["field"] for error in response.json()["errors"]] == ["cursor"]


@st.composite
def mutations(draw: st.DrawFn) -> tuple[int, int, str]:
    """Replace the signs of a cursor between two places by others."""
    first, last = sorted((draw(st.integers(0, 60)), draw(st.integers(0, 60))))
    signs = st.text(string.ascii_letters + string.digits + "-_=+/", max_size=4) | st.text(max_size=4)
    return first, last, draw(signs)


@pytest.mark.expensive("asks every list")
@pytest.mark.before_the_database
@shares_a_store
@for_all(mutation=mutations())
def test_altered_cursor_is_a_422(reader: TestClient, mutation: tuple[int, int, str]) -> None:
    cursor = read_cursor(reader, "/events?limit=4")
    first, last, signs = mutation
    altered = cursor[:first] + signs + cursor[last:]
    assume(altered != cursor)

    assert reader.get("/events", params={"cursor": altered}).status_code == 422


@pytest.mark.before_the_database
def test_cursor_with_another_last_sign_is_a_422(reader: TestClient) -> None:
    cursor = read_cursor(reader, "/events?limit=4")
    altered = (cursor[:-1] + sign for sign in string.ascii_letters + string.digits + "-_" if sign != cursor[-1])

    assert {reader.get(f"/events?cursor={text}").status_code for text in altered} == {422}


@pytest.mark.before_the_database
@shares_a_store
@for_all(text=st.text(max_size=1200))
def test_any_other_text_as_a_cursor_is_a_422(reader: TestClient, text: str) -> None:
    assert reader.get("/statements", params={"cursor": text}).status_code == 422


class Filters(BaseModel):
    q: str | None = None
    cursor: str | None = None
    limit: int = 50


keys = st.tuples(
    st.integers(-(2**53), 2**63 - 1) | st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 2**63 - 1)
)


@for_all(last=keys, q=st.none() | st.text(st.characters(exclude_categories=["Cs"])))
def test_decode_returns_the_encoded_position(last: tuple[int | str, int], q: str | None) -> None:
    cursor = cursors.encode(last, path="/events", filters=Filters(q=q))

    assert cursors.decode(cursor, path="/events", filters=Filters(q=q, cursor=cursor, limit=7)) == last


@for_all(last=keys, q=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_decode_refuses_another_path_or_filter(last: tuple[int | str, int], q: str) -> None:
    cursor = cursors.encode(last, path="/events", filters=Filters())

    for path, filters in (("/sources", Filters()), ("/events", Filters(q=q))):
        with pytest.raises(Invalid):
            cursors.decode(cursor, path=path, filters=filters)
