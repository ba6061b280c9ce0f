"""The house rules of the contract: what every operation does alike, and what none lets in."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.api.web.problems import MEDIA_TYPE
from app.core.vocab import Scope
from app.database.engine import open_write_transaction
from app.main import create_app
from tests.conftest import Store, Templates, settings_for, talking_to
from tests.test_openapi import DOCUMENT, OPERATIONS, SCHEMAS

PATHS: list[str] = list(DOCUMENT["paths"])
# All that anybody may read to its end; what needs a key all the same is in the tests of its noun.
GETS = [
    name.removeprefix("GET ")
    for name, operation in OPERATIONS.items()
    if name.startswith("GET")
    and operation.get("security") != [{"HTTPBearer": []}]
    and "text/event-stream" not in operation["responses"]["200"]["content"]
]
LISTS = [path for path in GETS if OPERATIONS[f"GET {path}"]["operationId"].startswith(("list_", "search"))]
UNDOCUMENTED = ["/docs", "/openapi.json", "/docs/assets/swagger-ui.css"]
NOUNS = ["events", "sources", "documents", "reports", "speakers", "statements", "utterances", "claims"]

shared = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)


def address(template: str, ref: object = 1, noun: str = "events") -> str:
    """An address that a path of the OpenAPI document stands for."""
    return template.format(noun=noun, id=ref, slug=ref, delivery=ref)


def query(template: str, method: str = "get") -> dict[str, str]:
    """The query that an operation cannot do without."""
    return {each["name"]: "treaty" for each in parameters(template, method) if each["required"]}


def parameters(template: str, method: str = "get") -> list[dict[str, Any]]:
    declared = DOCUMENT["paths"][template][method].get("parameters", [])
    return [each for each in declared if each["in"] == "query"]


def assert_problem(response: Response, status: int) -> dict[str, Any]:
    """The response is an RFC 9457 problem that tells nothing of the inside."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == MEDIA_TYPE
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:dateline:problem:")
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == response.request.url.path
    assert problem["request_id"] == response.headers["X-Request-ID"]
    for inside in ("Traceback", "sqlalchemy", "psycopg", "sqlite3", "SELECT", "pydantic"):
        assert inside not in response.text
    return problem


def assert_refused(response: Response, *fields: str) -> None:
    """A 422 that names what is wrong."""
    problem = assert_problem(response, 422)
    assert {error["field"] for error in problem["errors"]} == set(fields)


@pytest.fixture(scope="module")
def guarded_store(backend: str, templates: Templates) -> Iterator[Store]:
    """A seeded store for requests that are refused, and so leave it as it is."""
    with templates.copy(backend, "seeded") as copy:
        yield copy


@pytest.fixture(scope="module")
def key(guarded_store: Store) -> dict[str, str]:
    return guarded_store.key()


@pytest.fixture
def refused(application: FastAPI, guarded_store: Store, key: dict[str, str]) -> Iterator[TestClient]:
    """HTTP with a key that may write, for requests that are refused."""
    with talking_to(application, guarded_store) as test_client:
        test_client.headers |= key
        yield test_client


# Parameters


@pytest.mark.before_the_database
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_unknown_parameter_is_refused_by_name(reader: TestClient, name: str) -> None:
    method, _, template = name.partition(" ")

    response = reader.request(method, address(template), params=query(template, method.lower()) | {"dates": "1"})

    assert_refused(response, "dates")


@pytest.mark.before_the_database
@pytest.mark.parametrize("name", [name for name in OPERATIONS if parameters(*reversed(name.lower().split()))])
def test_a_repeated_parameter_is_refused_by_name(reader: TestClient, name: str) -> None:
    method, _, template = name.partition(" ")
    for parameter in parameters(template, method.lower()):
        needed = query(template, method.lower()) | {parameter["name"]: "1"}
        twice = [*needed.items(), (parameter["name"], "1")]

        assert_refused(reader.request(method, f"{address(template)}?{urlencode(twice)}"), parameter["name"])


DATES = [
    (path, each["name"])
    for path in GETS
    for each in parameters(path)
    if any(option.get("format") == "date" for option in each["schema"].get("anyOf", [each["schema"]]))
]


@pytest.mark.before_the_database
@pytest.mark.parametrize(("path", "parameter"), DATES)
def test_a_date_is_a_day_of_the_calendar_and_nothing_else(reader: TestClient, path: str, parameter: str) -> None:
    assert reader.get(address(path), params={parameter: "2024-06-19"}).status_code == 200
    for value in (
        "1718755200",
        "1718755200.0",
        "2024-06-19T00:00:00",
        "2024-6-19",
        "20240619",
        "2024-W25-3",
        "2024-06",
        "2024",
        "19.06.2024",
        " 2024-06-19",
        "2024-06-19\n",
        "２０２４-06-19",
        "2024-02-30",
        "2023-02-29",
        "0000-01-01",
        "10000-01-01",
        "-2024-06-19",
        "now",
        "",
    ):
        assert_refused(reader.get(address(path), params={parameter: value}), parameter)


def test_there_are_dates_to_test() -> None:
    assert {("/events", "date"), ("/statements", "from"), ("/documents", "to")} <= set(DATES)


@pytest.mark.before_the_database
@pytest.mark.parametrize("year", ["0000", "10000", "0000-01-01", "10000-01-01", "9999-12-31/10000-01-01", "-0001"])
@pytest.mark.parametrize(("path", "field"), [("/events", "date"), ("/utterances", "said"), ("/documents", "published")])
def test_the_years_of_the_store_are_1_to_9999(refused: TestClient, path: str, field: str, year: str) -> None:
    body = BODIES[path.strip("/")] | {field: year}

    assert_refused(refused.post(path, json=body), field)


@pytest.mark.before_the_database
@pytest.mark.parametrize("number", ["+1", "01", "1.0", "1_0", "1e1", " 1", "１", "0x1", "1,0", "-1"])
@pytest.mark.parametrize("path", ["/events?limit={}", "/events/{}", "/events/{}/sources", "/events/1?as_of={}"])
def test_a_number_is_written_in_digits(reader: TestClient, path: str, number: str) -> None:
    assert_problem(reader.get(path.format(quote(number))), 422)


LARGE = [2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**100, 10**400]


@pytest.mark.parametrize(
    "path",
    [
        *(path.replace("{noun}", "events") for path in GETS if "{" in path),
        "/events?limit={id}",
        "/events?min_sources={id}",
        "/events?source={id}",
        "/events?speaker={id}",
        "/events?cursor={id}",
        "/events?bbox={id},1,2,3",
        "/statements?event={id}",
        "/statements?utterance={id}",
        "/statements?via={id}",
        "/reports?event={id}",
        "/changes?since={id}",
        "/events/1?as_of={id}",
        "/sources/1?as_of={id}",
    ],
)
def test_a_number_beyond_all_bounds_is_no_error_of_ours(reader: TestClient, path: str) -> None:
    for number in LARGE:
        response = reader.get(address(path, number))

        if response.status_code != 200:  # nothing has changed since a revision yet to come
            assert_problem(response, response.status_code)
            assert response.status_code in (404, 422)


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/documents", '{"text": "a", "source": %d}'),
        ("/documents", '{"text": "a", "source": "meduza", "supersedes": %d}'),
        ("/documents", '{"text": "a", "source": "meduza", "reports": [{"event": %d}]}'),
        (
            "/documents",
            '{"text": "a", "source": 1, "statements": [{"kind": "direct", "span": {"start": 0, "end": %d}}]}',
        ),
        ("/reports", '{"document": %d, "event": 1}'),
        ("/statements", '{"document": 1, "kind": "direct", "span": {"start": %d, "end": 9}}'),
        ("/statements", '{"document": 1, "speaker": %d, "kind": "direct", "span": {"start": 1, "end": 9}}'),
        ("/claims", '{"report": %d, "property": "a", "span": {"start": 1, "end": 9}}'),
        ("/utterances", '{"speaker": %d}'),
        ("/speakers", '{"name": "a", "kind": "person", "source": %d}'),
        ("/events", '{"title": "a", "date": "2024", "type": "aid", "latitude": %d00}'),
    ],
)
def test_a_body_with_a_number_beyond_all_bounds_is_refused(refused: TestClient, path: str, body: str) -> None:
    for number in (*LARGE, 10**4000, -1, -(2**63) - 1):
        response = refused.post(path, content=body % number, headers={"Content-Type": "application/json"})

        assert_problem(response, 422)


@pytest.mark.parametrize("path", LISTS)
@shared
@given(data=st.data())
def test_no_query_is_an_error_of_ours(reader: TestClient, path: str, data: st.DataObject) -> None:
    anything = st.text(st.characters(), max_size=40)
    declared = parameters(path)
    chosen = data.draw(st.lists(st.sampled_from(declared), max_size=4, unique_by=lambda each: each["name"]))
    given_query = query(path) | {each["name"]: data.draw(plausible(each) | anything) for each in chosen}

    response = reader.get(f"{address(path)}?{urlencode(given_query, errors='surrogatepass')}")

    if response.status_code != 200:
        assert_problem(response, 422)


def plausible(parameter: dict[str, Any]) -> st.SearchStrategy[str]:
    """Values that look like those which a parameter takes."""
    options = parameter["schema"].get("anyOf", [parameter["schema"]])
    words = [word for option in options for word in [*option.get("enum", []), *option.get("examples", [])]]
    known = st.sampled_from([*words, parameter["schema"].get("default", ""), "1", "putin", "meduza,tass", "treaty"])
    numbers = st.integers(-(2**65), 2**65) | st.floats()
    return known.map(str) | numbers.map(str) | st.dates().map(str)


@pytest.mark.parametrize("path", [path for path in GETS if "{" in path])
@shared
@given(ref=st.text(st.characters(), min_size=1, max_size=40).filter(lambda ref: ref not in {".", ".."}))
def test_no_address_is_an_error_of_ours(reader: TestClient, path: str, ref: str) -> None:
    segment = quote(ref.encode("utf-8", "surrogatepass"), safe="")

    assert reader.get(address(path, segment)).status_code in (200, 404, 405, 422)


@pytest.mark.before_the_database
@pytest.mark.parametrize("path", [path for path in GETS if "{" in path])
@pytest.mark.parametrize("sign", ["%00", "1%00", "%ED%A0%80", "%FF", "%C3"])
def test_an_address_with_what_is_no_text_leads_nowhere(reader: TestClient, path: str, sign: str) -> None:
    assert_problem(reader.get(address(path, sign)), 422)


@pytest.mark.before_the_database
@pytest.mark.parametrize("path", LISTS)
def test_nul_in_a_query_is_refused_by_name(reader: TestClient, path: str) -> None:
    for parameter in parameters(path):
        response = reader.get(address(path), params=query(path) | {parameter["name"]: "a\0b"})

        assert_refused(response, parameter["name"])


# Bodies

# A body for each noun that names every text field there is.
SPAN = {"exact": "a", "prefix": "b", "suffix": "c"}
CLAIM = {
    "property": "number",
    "span": SPAN,
    "normalized": "1",
    "unit": "a",
    "attributed_to": "vladimir-putin",
    "coded_by": "human",
}
REPORT = {"event": "seed:1", "role": "main", "passage": SPAN, "date": "2024", "claims": [CLAIM], "coded_by": "human"}
STATEMENT = {
    "speaker": "vladimir-putin",
    "event": "seed:1",
    "utterance": "seed:2",
    "kind": "direct",
    "span": SPAN,
    "cue": SPAN,
    "said": "2024",
    "language": "en",
    "chain": [{"speaker": "tass", "cue": SPAN, "coded_by": "human"}],
    "coded_by": "human",
}
NAMED = {"name": "a", "slug": "a", "country": "KP", "wikidata_id": "Q1", "aliases": ["b"], "coded_by": "human"}
BODIES: dict[str, dict[str, Any]] = {
    "events": {
        "title": "a",
        "summary": "b",
        "date": "2024",
        "type": "aid",
        "place": "c",
        "country": "KP",
        "external_id": "a:1",
        "coded_by": "human",
    },
    "sources": NAMED | {"kind": "online", "language": "en", "homepage": "https://example.org/"},
    "documents": {
        "source": "meduza",
        "text": "a",
        "title": "b",
        "url": "https://example.org/",
        "byline": "c",
        "language": "en",
        "published": "2024",
        "published_at": "2024-06-19T00:00:00Z",
        "retrieved_at": "2024-06-19T00:00:00Z",
        "reports": [REPORT],
        "statements": [STATEMENT],
        "coded_by": "human",
    },
    "reports": REPORT,
    "speakers": NAMED | {"kind": "person", "title": "b", "source": "meduza"},
    "statements": STATEMENT,
    "utterances": {"speaker": "vladimir-putin", "said": "2024", "external_id": "a:1", "coded_by": "human"},
    "claims": CLAIM,
}
# Bodies hold numbers and booleans too, which are no text.
OTHERS = {"confidence", "latitude", "longitude", "state_affiliated", "translated", "supersedes", "document", "report"}
OTHERS |= {"extract"}
Place = tuple[str | int, ...]


def texts(value: Any, at: Place = ()) -> Iterator[Place]:
    if isinstance(value, str):
        yield at
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(inner, (*at, key))


def with_text(body: Any, at: Place, value: str) -> Any:
    """A copy of the body with another text at one place."""
    if not at:
        return value
    copy = body.copy()
    copy[at[0]] = with_text(body[at[0]], at[1:], value)
    return copy


@pytest.mark.parametrize("noun", NOUNS)
def test_the_bodies_tried_here_name_every_text_field(noun: str) -> None:
    shape = DOCUMENT["paths"][f"/{noun}"]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]

    assert set(SCHEMAS[shape.rpartition("/")[2]]["properties"]) - OTHERS == set(BODIES[noun])


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("noun", "at"),
    [pytest.param(noun, at, id=".".join(map(str, (noun, *at)))) for noun in NOUNS for at in texts(BODIES[noun])],
)
def test_nul_and_lone_surrogates_are_refused_in_every_text_field(refused: TestClient, noun: str, at: Place) -> None:
    for bad in ("\0", "\ud800", "\udfff", "\udc00\ud800"):
        body = json.dumps(with_text(BODIES[noun], at, f"a{bad}b"))

        response = refused.post(f"/{noun}", content=body, headers={"Content-Type": "application/json"})

        problem = assert_problem(response, 422)
        assert ".".join(map(str, at)) in {error["field"] for error in problem["errors"]}


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nope",
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"title": ' * 100_000,
        b'{"title": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"latitude": ' + b"9" * 5_000 + b"}",
        b'{"title": "a", "date": "2024", "type": "aid", "latitude": NaN}',
        b'{"title": "a", "date": "2024", "type": "aid", "latitude": Infinity}',
        b'{"title": "a", "date": "2024", "type": "aid", "latitude": 1e999}',
        b'{"title": "a", "date": "2024", "type": "aid", "confidence": -Infinity}',
        b'{"title": "\xff\xfe", "date": "2024", "type": "aid"}',
        b'{"title": "\xed\xa0\x80", "date": "2024", "type": "aid"}',
        b'{"title": "a\x00", "date": "2024", "type": "aid"}',
        b"[]",
        b"null",
        b'"a"',
        b"1",
    ],
    ids=lambda body: ascii(body[:24]),
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/events"), ("PATCH", "/events/1")])
def test_a_body_that_is_no_event_is_refused(refused: TestClient, method: str, path: str, body: bytes) -> None:
    response = refused.request(method, path, content=body, headers={"Content-Type": "application/json"})

    assert response.status_code in (400, 422)
    assert_problem(response, response.status_code)


@pytest.mark.before_the_database
@pytest.mark.parametrize("noun", NOUNS)
def test_a_body_with_a_field_that_there_is_not_is_refused_by_name(refused: TestClient, noun: str) -> None:
    problem = assert_problem(refused.post(f"/{noun}", json={"colour": "red"}), 422)

    assert "colour" in {error["field"] for error in problem["errors"]}


def test_a_body_that_says_that_it_is_too_large_is_refused_unread(refused: TestClient) -> None:
    assert_problem(refused.post("/events", content=b"{}", headers={"Content-Length": "5000001"}), 413)


def test_a_body_that_turns_out_too_large_is_refused(refused: TestClient) -> None:
    chunks = (b" " * 1_000_000 for _ in range(6))  # of no announced length

    assert_problem(refused.post("/events", content=chunks, headers={"Content-Type": "application/json"}), 413)


# Methods


def documented(path: str) -> set[str]:
    return {method.upper() for method in DOCUMENT["paths"].get(path, {"get": {}})}


def allowed(path: str) -> set[str]:
    return documented(path) | {"OPTIONS"} | ({"HEAD"} if "GET" in documented(path) else set())


@pytest.mark.parametrize("path", [*GETS, *UNDOCUMENTED])
def test_head_answers_with_the_status_and_the_headers_of_get(reader: TestClient, path: str) -> None:
    wanted = query(path) if path in GETS else {}
    got, head = (reader.request(method, address(path), params=wanted) for method in ("GET", "HEAD"))

    assert head.status_code == got.status_code == 200
    assert head.content == b""
    assert _stable(head) == _stable(got)


def _stable(response: Response) -> dict[str, str]:
    """The headers, without those that differ from request to request."""
    changing = {"x-request-id"} | ({"content-length"} if response.request.url.path == "/metrics" else set())
    return {name: value for name, value in response.headers.items() if name not in changing}


NOTHING_IN_THE_SEED = ("/review", "/rejections")  # no machine has read it


STREAMED = [path for path in LISTS if "format" in {each["name"] for each in parameters(path)}]


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
@pytest.mark.parametrize("path", STREAMED)
def test_head_answers_for_streams_too(reader: TestClient, path: str, format_: str) -> None:
    wanted = query(path) | {"format": format_}
    got, head = (reader.request(method, address(path), params=wanted) for method in ("GET", "HEAD"))

    assert bool(got.content) == (format_ == "csv" or path not in NOTHING_IN_THE_SEED)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    assert _stable(head) == _stable(got)


@pytest.mark.parametrize("path", ["/claims?format=csv", "/docs/assets/swagger-ui-bundle.js"])
@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_head_of_a_stream_is_no_error_in_any_version_of_asgi(reader: TestClient, path: str, version: str) -> None:
    async def served(scope: Any, receive: Any, send: Any) -> None:
        await reader.app(scope | {"asgi": {"version": "3.0", "spec_version": version}}, receive, send)

    response = TestClient(served, raise_server_exceptions=True).head(path)

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("path", ["/events/999999", "/nowhere", "/events?colour=red"])
def test_head_of_a_problem_has_its_headers_and_no_body(reader: TestClient, path: str) -> None:
    got, head = reader.get(path), reader.head(path)

    assert (head.status_code, head.content) == (got.status_code, b"")
    assert _stable(head) == _stable(got)


@pytest.mark.before_the_database
@pytest.mark.parametrize("path", [*PATHS, *UNDOCUMENTED])
def test_options_names_the_methods_of_an_address(reader: TestClient, path: str) -> None:
    response = reader.options(address(path))

    assert (response.status_code, response.content) == (204, b"")
    assert set(response.headers["Allow"].split(", ")) == allowed(path)


@pytest.mark.before_the_database
@pytest.mark.parametrize("path", [*PATHS, *UNDOCUMENTED])
def test_a_method_that_an_address_has_not_is_a_405_that_names_those_it_has(reader: TestClient, path: str) -> None:
    for method in {"PUT", "TRACE", "QUERY", "POST", "PATCH", "DELETE"} - documented(path):
        response = reader.request(method, address(path))

        assert_problem(response, 405)
        assert set(response.headers["Allow"].split(", ")) == allowed(path)


# Problems


def test_an_unreadable_body_is_a_400(refused: TestClient) -> None:
    assert_problem(refused.post("/events", content=b"{", headers={"Content-Type": "application/json"}), 400)


@pytest.mark.parametrize(
    "header", ["Bearer nope", "Bearer dl_aaaaaaaa_" + "b" * 32, "Basic YTpi", "Bearer", "dl_x", "Bearer \xff"]
)
def test_a_key_that_is_not_known_is_a_401_for_reading_and_for_writing(reader: TestClient, header: str) -> None:
    authorization = [(b"authorization", header.encode("latin-1"))]
    for response in (reader.get("/events", headers=authorization), reader.post("/events", headers=authorization)):
        assert_problem(response, 401)
        assert response.headers["WWW-Authenticate"] == "Bearer"


def test_writing_without_a_key_is_a_401(reader: TestClient) -> None:
    assert_problem(reader.post("/events", json=BODIES["events"]), 401)


def test_writing_with_a_key_for_reading_is_a_403(refused: TestClient, guarded_store: Store) -> None:
    response = refused.post("/events", json=BODIES["events"], headers=guarded_store.key(Scope.READ))

    assert_problem(response, 403)


@pytest.mark.parametrize("path", [*(f"/{noun}/999999" for noun in NOUNS), "/nowhere", "/events/", "/events/1/nowhere"])
def test_what_is_not_there_is_a_404(reader: TestClient, path: str) -> None:
    assert_problem(reader.get(path), 404)


def test_a_clash_with_the_store_is_a_409(refused: TestClient) -> None:
    assert_problem(refused.delete("/sources/meduza"), 409)
    assert_problem(refused.post("/sources", json=BODIES["sources"] | {"slug": "meduza"}), 409)


def test_what_was_deleted_is_a_410(writer: TestClient) -> None:
    writer.delete("/statements/1")

    problem = assert_problem(writer.get("/statements/1"), 410)

    assert writer.get(problem["was"]).status_code == 200


def test_what_has_changed_in_the_meantime_is_a_412(writer: TestClient) -> None:
    before = writer.get("/events/1").headers["ETag"]
    writer.patch("/events/1", json={"title": "Another"})

    assert_problem(writer.patch("/events/1", json={"title": "Yet another"}, headers={"If-Match": before}), 412)


def test_a_broken_store_is_a_500_that_says_nothing_of_it(client: TestClient, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("DROP TABLE claim"))

    response = client.get("/claims?event=1", headers={"Origin": "https://example.org"})

    problem = assert_problem(response, 500)
    assert problem["detail"] == "Something went wrong here. The log has it under this request id."
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_a_store_that_another_writer_holds_is_a_503(store: Store) -> None:
    impatient = create_app(settings_for(store.url).model_copy(update={"busy_timeout": 0.05}))
    headers = store.key()
    with open_write_transaction(store.engine):
        response = TestClient(impatient).post("/events", json=BODIES["events"], headers=headers)
    impatient.state.read_pool.engine.dispose()

    assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.before_the_database
def test_a_limit_on_requests_is_told_and_kept(shared_store: Store) -> None:
    limited = create_app(settings_for(shared_store.url).model_copy(update={"rate_limit": "3/minute"}))
    client = TestClient(limited)
    answers = [client.get("/sources") for _ in range(4)]
    limited.state.read_pool.engine.dispose()

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=2", "r=1", "r=0", "r=0"]
    assert {answer.headers["RateLimit-Policy"] for answer in answers} == {'"default";q=3;w=60'}
    assert_problem(answers[-1], 429)
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60


@pytest.mark.before_the_database
def test_the_limit_counts_each_key_for_itself(store: Store) -> None:
    limited = create_app(settings_for(store.url).model_copy(update={"rate_limit": "1/minute"}))
    client = TestClient(limited)
    statuses = [client.get("/sources", headers=headers).status_code for headers in ({}, store.key(), store.key(), {})]
    limited.state.read_pool.engine.dispose()

    assert statuses == [200, 200, 200, 429]


# Headers


@pytest.mark.before_the_database
@pytest.mark.parametrize("ident", ["a", "7f3c-42_x.Y", "x" * 128])
def test_a_request_id_is_given_back(reader: TestClient, ident: str) -> None:
    assert reader.get("/events", headers={"X-Request-ID": ident}).headers["X-Request-ID"] == ident


@pytest.mark.before_the_database
@pytest.mark.parametrize("ident", ["", "x" * 129, "a b", "a;b", "<script>", 'a"b', "a,b", "a\tb", "é", "%0d%0a", "a/b"])
def test_a_request_id_that_could_do_harm_is_replaced(reader: TestClient, ident: str) -> None:
    response = reader.get("/nowhere", headers=[(b"x-request-id", ident.encode())])

    assert response.headers["X-Request-ID"].isalnum()
    assert len(response.headers["X-Request-ID"]) == 32
    assert_problem(response, 404)


def test_every_request_has_an_id_of_its_own(reader: TestClient) -> None:
    assert len({reader.get("/").headers["X-Request-ID"] for _ in range(3)}) == 3


@pytest.mark.before_the_database
@pytest.mark.parametrize("path", [*GETS, *UNDOCUMENTED])
def test_browsers_are_told_not_to_guess_the_type(reader: TestClient, path: str) -> None:
    assert (
        reader.get(address(path), params=query(path) if path in GETS else {}).headers["X-Content-Type-Options"]
        == "nosniff"
    )


@pytest.mark.parametrize("path", ["/events", "/events/999999", "/nowhere", "/events?colour=red", "/events?format=csv"])
def test_any_page_may_read_the_answers_and_the_headers_that_count(reader: TestClient, path: str) -> None:
    response = reader.get(path, headers={"Origin": "https://example.org"})

    assert response.headers["Access-Control-Allow-Origin"] == "*"
    exposed = set(response.headers["Access-Control-Expose-Headers"].split(", "))
    assert exposed >= {"ETag", "Link", "Location", "RateLimit", "Retry-After", "X-Request-ID", "Dateline-Revision"}


@pytest.mark.before_the_database
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_a_preflight_that_asks_for_authorization_is_answered(reader: TestClient, method: str) -> None:
    response = reader.options(
        "/events/1",
        headers={
            "Origin": "https://example.org",
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, if-match, if-none-match",
        },
    )

    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert method in response.headers["Access-Control-Allow-Methods"]
    assert "authorization" in response.headers["Access-Control-Allow-Headers"].lower()


@pytest.mark.before_the_database
def test_only_the_origins_that_are_named_may_read_where_some_are(shared_store: Store) -> None:
    named = create_app(settings_for(shared_store.url).model_copy(update={"cors_origins": ["https://a.example"]}))
    client = TestClient(named)
    allowed, other = (client.get("/", headers={"Origin": f"https://{host}.example"}).headers for host in "ab")
    named.state.read_pool.engine.dispose()

    assert allowed["Access-Control-Allow-Origin"] == "https://a.example"
    assert "Access-Control-Allow-Origin" not in other
    assert "Origin" in other["Vary"]


UNTAGGED = (
    *("/healthz", "/readyz", "/metrics", "/imports", "/imports/{id}"),
    *("/feeds", "/feeds/{id}", "/feeds/{id}/items"),
    *("/searches", "/searches/{slug}"),
)


@pytest.mark.parametrize("path", [path for path in GETS if path not in UNTAGGED])
def test_what_has_not_changed_is_a_304_without_a_body(reader: TestClient, path: str) -> None:
    first = reader.get(address(path), params=query(path))
    again = reader.get(address(path), params=query(path), headers={"If-None-Match": first.headers["ETag"]})

    assert first.headers["ETag"].startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
