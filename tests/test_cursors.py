"""Cursors: every page once, and only the pages of the list that they were made for."""

import string
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from app.api.web import cursors
from app.core.errors import Invalid

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

# A page size that leaves several pages, for each list and an order that has ties.
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


def pages(client: TestClient, path: str) -> list[list[dict[str, Any]]]:
    found, then = [], path
    while then is not None:
        page = client.get(then).json()
        found.append(page["items"])
        then = page["next"]
    return found


def cursor_of(client: TestClient, path: str) -> str:
    then: str = client.get(path).json()["next"]
    return then.rpartition("cursor=")[2].partition("&")[0]


@pytest.mark.parametrize("path", LISTS)
def test_the_pages_of_a_list_hold_each_item_once_and_in_the_order_of_the_whole(reader: TestClient, path: str) -> None:
    whole = reader.get(f"{path.partition('limit=')[0]}limit=500").json()["items"]

    found = pages(reader, path)

    assert len(found) > 1
    assert [item for page in found for item in page] == whole


@pytest.mark.parametrize("path", ["/events?limit=4", "/statements?limit=20", "/search?q=putin&limit=6"])
def test_the_next_link_stands_in_the_link_header_too(reader: TestClient, path: str) -> None:
    response = reader.get(path)

    assert response.links["next"]["url"] == response.json()["next"]
    assert response.links["self"]["url"] == response.json()["self"] == path


def test_the_last_page_has_no_next_link(reader: TestClient) -> None:
    response = reader.get("/sources?limit=500")

    assert response.json()["next"] is None
    assert "next" not in response.links


@pytest.mark.parametrize("change", ["limit=1", "count=exact", "flat=true", "format=jsonl", "format=csv"])
def test_what_does_not_change_the_list_may_change_from_page_to_page(reader: TestClient, change: str) -> None:
    cursor = cursor_of(reader, "/events?limit=4")

    assert reader.get(f"/events?cursor={cursor}&{change}").status_code == 200


@pytest.mark.parametrize(
    "elsewhere",
    [
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
    ],
)
def test_a_cursor_of_another_list_is_refused(reader: TestClient, elsewhere: str) -> None:
    response = reader.get(elsewhere, params={"cursor": cursor_of(reader, "/events?limit=4")} | _query(elsewhere))

    assert response.status_code == 422
    assert [error["field"] for error in response.json()["errors"]] == ["cursor"]


def _query(path: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in path.partition("?")[2].split("&") if pair)


@st.composite
def mutations(draw: st.DrawFn) -> tuple[int, int, str]:
    """Replace the signs of a cursor between two places by others."""
    first, last = sorted((draw(st.integers(0, 60)), draw(st.integers(0, 60))))
    signs = st.text(string.ascii_letters + string.digits + "-_=+/", max_size=4) | st.text(max_size=4)
    return first, last, draw(signs)


@shared
@given(mutation=mutations())
def test_a_cursor_that_was_altered_is_refused(reader: TestClient, mutation: tuple[int, int, str]) -> None:
    cursor = cursor_of(reader, "/events?limit=4")
    first, last, signs = mutation
    altered = cursor[:first] + signs + cursor[last:]
    assume(altered != cursor)

    assert reader.get("/events", params={"cursor": altered}).status_code == 422


def test_a_cursor_that_differs_in_its_last_sign_alone_is_refused(reader: TestClient) -> None:
    cursor = cursor_of(reader, "/events?limit=4")
    others = (cursor[:-1] + sign for sign in string.ascii_letters + string.digits + "-_" if sign != cursor[-1])

    assert {reader.get(f"/events?cursor={other}").status_code for other in others} == {422}


@shared
@given(text=st.text(max_size=1200))
def test_a_text_that_is_no_cursor_is_refused(reader: TestClient, text: str) -> None:
    assert reader.get("/statements", params={"cursor": text}).status_code == 422


class Filters(BaseModel):
    q: str | None = None
    cursor: str | None = None
    limit: int = 50


keys = st.tuples(
    st.integers(-(2**53), 2**63 - 1) | st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 2**63 - 1)
)


@given(last=keys, q=st.none() | st.text(st.characters(exclude_categories=["Cs"])))
def test_a_cursor_gives_back_what_was_put_in(last: tuple[int | str, int], q: str | None) -> None:
    cursor = cursors.encode(last, path="/events", filters=Filters(q=q))

    assert cursors.decode(cursor, path="/events", filters=Filters(q=q, cursor=cursor, limit=7)) == last


@given(last=keys, q=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_cursor_is_of_one_path_and_one_set_of_filters(last: tuple[int | str, int], q: str) -> None:
    cursor = cursors.encode(last, path="/events", filters=Filters())

    for path, filters in (("/sources", Filters()), ("/events", Filters(q=q))):
        with pytest.raises(Invalid):
            cursors.decode(cursor, path=path, filters=filters)
