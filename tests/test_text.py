"""Text comes back as it went in, and no text is ever taken for a pattern or an operator."""

import html
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)

# All that a body may hold: any code point but NUL and the surrogates.
storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
SEARCHABLE = ["/search", "/events", "/statements", "/documents"]


def items(client: TestClient, path: str, **query: str) -> list[dict[str, Any]]:
    response = client.get(path, params=query | {"limit": "500"})
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


@shared
@given(text=st.text(storable, min_size=1, max_size=300))
@example("e\u0301 \u00e9 \ufb01 \u200f \U0001f1f0\U0001f1f5 \ufeff\x01\x7f\r\n\u2028")
def test_a_text_is_kept_as_received(empty_writer: TestClient, text: str) -> None:
    created = empty_writer.post("/events", json={"title": text, "date": "2024", "type": "aid"})

    assert created.status_code == 201
    assert empty_writer.get(created.headers["Location"]).json()["title"] == text


@shared
@given(text=st.text(storable, min_size=1, max_size=60).filter(str.strip))
@example("100%")
@example("a_b")
@example("back\\slash")
@example("'; DROP TABLE source; --")
def test_a_part_of_a_name_is_found_whatever_it_is_made_of(empty_writer: TestClient, text: str) -> None:
    created = empty_writer.post("/sources", json={"name": f"Daily {text} News", "kind": "online"}).json()

    assert created["id"] in [source["id"] for source in items(empty_writer, "/sources", q=text)]


@pytest.mark.parametrize("wildcard", ["%", "_", "%%", "me_uza", "med%", "\\", "[a-z]", "*"])
@pytest.mark.parametrize(("path", "parameter"), [("/sources", "q"), ("/speakers", "q"), ("/events", "place")])
def test_wildcards_stand_for_themselves(reader: TestClient, path: str, parameter: str, wildcard: str) -> None:
    assert items(reader, path, **{parameter: wildcard}) == []


@shared
@given(text=st.text(storable, min_size=1, max_size=40))
@example('"')
@example('"" " "" "')
@example("(((")
@example("NEAR(putin kim, 3)")
@example("' OR 1=1 --")
@example("& | ! <-> :*")
@example("a:b:c*")
@example("\\")
@example("\ue000\ue001")
def test_any_text_is_a_safe_search(reader: TestClient, text: str) -> None:
    for path in SEARCHABLE:
        assert reader.get(path, params={"q": text}).status_code == 200


@pytest.mark.parametrize("path", SEARCHABLE)
@pytest.mark.parametrize(
    "query",
    ["puti*", "puti:*", "xyzzy OR putin", "xyzzy | putin", "putin NOT xyzzy", "putin -treaty xyzzy", "{title}: xyzzy"],
)
def test_operators_of_search_engines_are_words(reader: TestClient, path: str, query: str) -> None:
    assert items(reader, path, q="putin") != []
    assert items(reader, path, q=query) == []


@pytest.mark.parametrize("path", SEARCHABLE)
@pytest.mark.parametrize("query", ["***", "!!! ???", '"', '""', "-", "—"])
def test_a_search_without_a_word_finds_nothing(reader: TestClient, path: str, query: str) -> None:
    assert items(reader, path, q=query) == []


def snippet_of(client: TestClient, title: str) -> str:
    """The snippet with which a search for ``xyzzy`` shows an event of that title."""
    event = client.post("/events", json={"title": title, "date": "2024", "type": "aid"}).json()
    [snippet] = [hit["snippet"] for hit in items(client, "/search", q="xyzzy") if hit["id"] == event["id"]]
    return str(snippet)


@shared
@given(text=st.text(storable, max_size=60))
@example("<script>alert(1)</script> & <mark>")
@example("a < b")
@example("</mark>\ue000\ue001<b>")
def test_a_word_is_found_whatever_stands_around_it_and_shown_escaped(empty_writer: TestClient, text: str) -> None:
    snippet = snippet_of(empty_writer, f"{text} xyzzy {text}")

    rest = snippet.replace("<mark>", "").replace("</mark>", "")
    assert not set(rest) & set("<>")
    assert html.escape(html.unescape(rest)) == rest


def test_a_found_word_is_marked(empty_writer: TestClient) -> None:
    assert snippet_of(empty_writer, "Tom & Jerry's xyzzy").endswith("Jerry&#x27;s <mark>xyzzy</mark>")


@shared
@given(text=st.text(st.characters(categories=["Cs"]) | st.just("\0"), min_size=1, max_size=3), before=st.text(storable))
def test_what_no_database_can_store_is_refused(empty_writer: TestClient, text: str, before: str) -> None:
    body = json.dumps({"title": before + text, "date": "2024", "type": "aid"})  # ASCII, with \uD800 and the like
    response = empty_writer.post("/events", content=body, headers={"Content-Type": "application/json"})

    lone = (before + text).encode("utf-16", "surrogatepass").decode("utf-16", "replace") != before + text
    assert response.status_code == (422 if lone or "\0" in text else 201)
