"""Text is stored unchanged, and never interpreted as a pattern or an operator."""

import html
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import example, settings
from hypothesis import strategies as st

from tests.properties import for_all, shares_a_store

shared = settings(shares_a_store, max_examples=15)

# Valid text of a body: any code points but NUL and surrogates.
storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
SEARCHABLE = ["/search", "/events", "/statements", "/documents"]


def items(client: TestClient, path: str, **query: str) -> list[dict[str, Any]]:
    response = client.get(path, params=query | {"limit": "500"})
    assert response.status_code == 200, response.text
    page: dict[str, list[dict[str, Any]]] = response.json()
    return page["items"]


@shared
@for_all(text=st.text(storable, min_size=1, max_size=300))
@example("e\u0301 \u00e9 \ufb01 \u200f \U0001f1f0\U0001f1f5 \ufeff\x01\x7f\r\n\u2028")
def test_text_is_stored_as_received(empty_writer: TestClient, text: str) -> None:
    created = empty_writer.post("/events", json={"title": text, "date": "2024", "type": "aid"})

    assert created.status_code == 201
    assert empty_writer.get(created.headers["Location"]).json()["title"] == text


@shared
@for_all(text=st.text(storable, min_size=1, max_size=60).filter(str.strip))
@example("100%")
@example("a_b")
@example("back\\slash")
@example("'; DROP TABLE source; --")
def test_any_part_of_a_name_finds_its_record(empty_writer: TestClient, text: str) -> None:
    created = empty_writer.post("/sources", json={"name": f"Daily {text} News", "kind": "online"}).json()

    assert created["id"] in [source["id"] for source in items(empty_writer, "/sources", q=text)]


@pytest.mark.parametrize("wildcard", ["%", "_", "%%", "me_uza", "med%", "\\", "[a-z]", "*"])
@pytest.mark.parametrize(("path", "parameter"), [("/sources", "q"), ("/speakers", "q"), ("/events", "place")])
def test_wildcards_match_only_themselves(reader: TestClient, path: str, parameter: str, wildcard: str) -> None:
    assert items(reader, path, **{parameter: wildcard}) == []


@shared
@for_all(text=st.text(storable, min_size=1, max_size=40))
@example('"')
@example('"" " "" "')
@example("(((")
@example("NEAR(putin kim, 3)")
@example("' OR 1=1 --")
@example("& | ! <-> :*")
@example("a:b:c*")
@example("\\")
@example("\ue000\ue001")
def test_search_for_any_text_succeeds(reader: TestClient, text: str) -> None:
    for path in SEARCHABLE:
        assert reader.get(path, params={"q": text}).status_code == 200


@pytest.mark.parametrize("path", SEARCHABLE)
@pytest.mark.parametrize(
    "query",
    ["puti*", "puti:*", "xyzzy OR putin", "xyzzy | putin", "putin NOT xyzzy", "putin -treaty xyzzy", "{title}: xyzzy"],
)
def test_search_operators_are_plain_words(reader: TestClient, path: str, query: str) -> None:
    assert items(reader, path, q="putin") != []
    assert items(reader, path, q=query) == []


@pytest.mark.parametrize("path", SEARCHABLE)
@pytest.mark.parametrize("query", ["***", "!!! ???", '"', '""', "-", "—"])
def test_a_search_without_a_word_finds_nothing(reader: TestClient, path: str, query: str) -> None:
    assert items(reader, path, q=query) == []


def get_snippet(client: TestClient, title: str) -> str:
    """Create an event with this title, and return its snippet in a search for ``xyzzy``."""
    event = client.post("/events", json={"title": title, "date": "2024", "type": "aid"}).json()
    [snippet] = [hit["snippet"] for hit in items(client, "/search", q="xyzzy") if hit["id"] == event["id"]]
    return str(snippet)


@shared
@for_all(text=st.text(storable, max_size=60))
@example("<script>alert(1)</script> & <mark>")
@example("a < b")
@example("</mark>\ue000\ue001<b>")
def test_snippet_of_any_text_is_escaped(empty_writer: TestClient, text: str) -> None:
    snippet = get_snippet(empty_writer, f"{text} xyzzy {text}")

    rest = snippet.replace("<mark>", "").replace("</mark>", "")
    assert not set(rest) & set("<>")
    assert html.escape(html.unescape(rest)) == rest


def test_search_word_is_marked_in_the_snippet(empty_writer: TestClient) -> None:
    assert get_snippet(empty_writer, "Tom & Jerry's xyzzy").endswith("Jerry&#x27;s <mark>xyzzy</mark>")


@shared
@for_all(
    text=st.text(st.characters(categories=["Cs"]) | st.just("\0"), min_size=1, max_size=3), before=st.text(storable)
)
def test_text_that_cannot_be_stored_is_refused(empty_writer: TestClient, text: str, before: str) -> None:
    body = json.dumps({"title": before + text, "date": "2024", "type": "aid"})  # ASCII, with \uD800 and the like
    response = empty_writer.post("/events", content=body, headers={"Content-Type": "application/json"})

    lone = (before + text).encode("utf-16", "surrogatepass").decode("utf-16", "replace") != before + text
    assert response.status_code == (422 if lone or "\0" in text else 201)
