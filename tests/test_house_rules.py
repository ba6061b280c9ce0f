"""Rules that hold for all operations of the API: parameters, bodies, methods, problems and headers."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy import text

from app.api.web.problems import MEDIA_TYPE
from app.core.vocab import Scope
from app.database.engine import open_write_transaction
from app.main import create_app
from tests.conftest import Store, Templates, settings_for, talking_to
from tests.properties import for_all
from tests.test_openapi import DOCUMENT, OPERATIONS, SCHEMAS

PATHS: list[str] = list(DOCUMENT["paths"])
# Public and finite GETs; those that need a key have tests of their own.
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

JSON = {"Content-Type": "application/json"}
ANY_TEXT = st.text(st.characters(), max_size=40)
ANY_SEGMENT = ANY_TEXT.filter(lambda text: text not in {"", ".", ".."})

brief = settings(max_examples=8)


def address(template: str, ref: object = 1, noun: str = "events") -> str:
    """Return an address for a path of the OpenAPI document."""
    return template.format(noun=noun, id=ref, slug=ref, delivery=ref)


def required_query(template: str, method: str = "get") -> dict[str, str]:
    """Return values for the required query parameters of an operation."""
    return {parameter["name"]: "treaty" for parameter in query_parameters(template, method) if parameter["required"]}


def query_parameters(template: str, method: str = "get") -> list[dict[str, Any]]:
    declared = DOCUMENT["paths"][template][method].get("parameters", [])
    return [parameter for parameter in declared if parameter["in"] == "query"]


def assert_problem(response: Response, status: int) -> dict[str, Any]:
    """Assert that the response is an RFC 9457 problem without internals, and return the problem."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == MEDIA_TYPE
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:dateline:problem:")
    assert problem["title"]
    assert problem["detail"]
    assert problem["instance"] == response.request.url.path
    assert problem["request_id"] == response.headers["X-Request-ID"]
    for internal in ("Traceback", "sqlalchemy", "psycopg", "sqlite3", "SELECT", "pydantic"):
        assert internal not in response.text
    return problem


def assert_refused(response: Response, *fields: str) -> None:
    """Assert that the response is a 422 that names exactly these fields."""
    problem = assert_problem(response, 422)
    assert {error["field"] for error in problem["errors"]} == set(fields)


@pytest.fixture(scope="module")
def guarded_store(backend: str, templates: Templates) -> Iterator[Store]:
    """Yield a seeded store for requests that are refused and so do not change it."""
    with templates.copy(backend, "seeded") as copy:
        yield copy


@pytest.fixture(scope="module")
def key(guarded_store: Store) -> dict[str, str]:
    return guarded_store.key()


@pytest.fixture
def refused(application: FastAPI, guarded_store: Store, key: dict[str, str]) -> Iterator[TestClient]:
    """Yield a client with a key for writes, for requests that are refused."""
    with talking_to(application, guarded_store) as test_client:
        test_client.headers |= key
        yield test_client


# Parameters


@pytest.mark.before_the_database
def test_unknown_parameter_is_a_422_with_its_name(reader: TestClient, subtests: pytest.Subtests) -> None:
    for name in OPERATIONS:
        method, _, template = name.partition(" ")
        with subtests.test(name):
            query = required_query(template, method.lower()) | {"dates": "1"}

            assert_refused(reader.request(method, address(template), params=query), "dates")


@pytest.mark.expensive("asks every operation")
@pytest.mark.before_the_database
def test_repeated_parameter_is_a_422_with_its_name(reader: TestClient, subtests: pytest.Subtests) -> None:
    for name in OPERATIONS:
        method, _, template = name.partition(" ")
        with subtests.test(name):
            for parameter in query_parameters(template, method.lower()):
                query = required_query(template, method.lower()) | {parameter["name"]: "1"}
                twice = [*query.items(), (parameter["name"], "1")]

                response = reader.request(method, f"{address(template)}?{urlencode(twice)}")

                assert_refused(response, parameter["name"])


DATES = [
    (path, parameter["name"])
    for path in GETS
    for parameter in query_parameters(path)
    if any(option.get("format") == "date" for option in parameter["schema"].get("anyOf", [parameter["schema"]]))
]
NO_DAYS = [
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
]


@pytest.mark.expensive("asks every operation")
@pytest.mark.before_the_database
def test_date_parameter_takes_only_calendar_days(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path, parameter in DATES:
        with subtests.test(path, parameter=parameter):
            assert reader.get(address(path), params={parameter: "2024-06-19"}).status_code == 200
            for value in NO_DAYS:
                assert_refused(reader.get(address(path), params={parameter: value}), parameter)


def test_date_parameters_include_those_of_main_lists() -> None:
    assert {("/events", "date"), ("/statements", "from"), ("/documents", "to")} <= set(DATES)


@pytest.mark.before_the_database
def test_year_outside_1_to_9999_is_refused(refused: TestClient, subtests: pytest.Subtests) -> None:
    for noun, field in (("events", "date"), ("utterances", "said"), ("documents", "published")):
        with subtests.test(noun):
            for year in ("0000", "10000", "0000-01-01", "10000-01-01", "9999-12-31/10000-01-01", "-0001"):
                assert_refused(refused.post(f"/{noun}", json=BODIES[noun] | {field: year}), field)


@pytest.mark.before_the_database
def test_number_with_other_signs_than_digits_is_refused(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in ("/events?limit={}", "/events/{}", "/events/{}/sources", "/events/1?as_of={}"):
        with subtests.test(path):
            for number in ("+1", "01", "1.0", "1_0", "1e1", " 1", "１", "0x1", "1,0", "-1"):
                assert_problem(reader.get(path.format(quote(number))), 422)


LARGE = [2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**100, 10**400]


@pytest.mark.expensive("asks every operation")
def test_huge_number_in_an_address_is_a_404_or_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in (
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
    ):
        with subtests.test(path):
            for number in LARGE:
                response = reader.get(address(path, number))

                if response.status_code != 200:  # nothing has changed since a future revision
                    assert_problem(response, response.status_code)
                    assert response.status_code in (404, 422)


@pytest.mark.before_the_database
def test_huge_number_in_a_body_is_a_422(refused: TestClient, subtests: pytest.Subtests) -> None:
    span = '"kind": "direct", "span": {"start": 0, "end": %d}'
    for path, body in (
        ("/documents", '{"text": "a", "source": %d}'),
        ("/documents", '{"text": "a", "source": "meduza", "supersedes_id": %d}'),
        ("/documents", '{"text": "a", "source": "meduza", "reports": [{"event": %d}]}'),
        ("/documents", '{"text": "a", "source": 1, "statements": [{' + span + "}]}"),
        ("/reports", '{"document": %d, "event": 1}'),
        ("/statements", '{"document": 1, "kind": "direct", "span": {"start": %d, "end": 9}}'),
        ("/statements", '{"document": 1, "speaker": %d, "kind": "direct", "span": {"start": 1, "end": 9}}'),
        ("/claims", '{"report": %d, "property": "a", "span": {"start": 1, "end": 9}}'),
        ("/utterances", '{"speaker": %d}'),
        ("/speakers", '{"name": "a", "kind": "person", "source": %d}'),
        ("/events", '{"title": "a", "date": "2024", "type": "aid", "latitude": %d00}'),
    ):
        with subtests.test(path, body=body):
            for number in (*LARGE, 10**4000, -1, -(2**63) - 1):
                response = refused.post(path, content=body % number, headers=JSON)

                assert_problem(response, 422)


@pytest.mark.expensive("asks every operation")
def test_any_query_is_a_200_or_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in LISTS:

        @brief
        @for_all(path=st.just(path), data=st.data())
        def check(path: str, data: st.DataObject) -> None:
            parameters = query_parameters(path)
            chosen = data.draw(st.lists(st.sampled_from(parameters), max_size=4, unique_by=lambda one: one["name"]))
            values = {parameter["name"]: data.draw(plausible(parameter) | ANY_TEXT) for parameter in chosen}
            query = required_query(path) | values

            response = reader.get(f"{address(path)}?{urlencode(query, errors='surrogatepass')}")

            if response.status_code != 200:
                assert_problem(response, 422)

        with subtests.test(path):
            check()


def plausible(parameter: dict[str, Any]) -> st.SearchStrategy[str]:
    """Return a strategy for values like those that a parameter takes."""
    options = parameter["schema"].get("anyOf", [parameter["schema"]])
    values = [value for option in options for value in [*option.get("enum", []), *option.get("examples", [])]]
    words = st.sampled_from([*values, parameter["schema"].get("default", ""), "1", "putin", "meduza,tass", "treaty"])
    numbers = st.integers(-(2**65), 2**65) | st.floats()
    return words.map(str) | numbers.map(str) | st.dates().map(str)


def test_any_address_is_a_200_404_405_or_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in (path for path in GETS if "{" in path):

        @brief
        @for_all(path=st.just(path), ref=ANY_SEGMENT)
        def check(path: str, ref: str) -> None:
            segment = quote(ref.encode("utf-8", "surrogatepass"), safe="")

            assert reader.get(address(path, segment)).status_code in (200, 404, 405, 422)

        with subtests.test(path):
            check()


@pytest.mark.before_the_database
def test_address_that_is_not_text_is_a_422(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in (path for path in GETS if "{" in path):
        with subtests.test(path):
            for sign in ("%00", "1%00", "%ED%A0%80", "%FF", "%C3"):
                assert_problem(reader.get(address(path, sign)), 422)


@pytest.mark.expensive("asks every operation")
@pytest.mark.before_the_database
def test_nul_in_a_parameter_is_a_422_with_its_name(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in LISTS:
        with subtests.test(path):
            for parameter in query_parameters(path):
                query = required_query(path) | {parameter["name"]: "a\0b"}

                assert_refused(reader.get(address(path), params=query), parameter["name"])


# Bodies

# A body for each noun, with all its text fields.
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
# Fields of bodies that hold numbers and booleans.
NOT_TEXT = {
    *("confidence", "latitude", "longitude", "state_affiliated", "translated", "supersedes_id", "document", "report"),
    "extract",
}
Place = tuple[str | int, ...]


def find_texts(value: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the place of each text in a body."""
    if isinstance(value, str):
        yield place
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from find_texts(inner, (*place, key))


def replace_text(body: Any, place: Place, value: str) -> Any:
    """Return a copy of the body with another text at one place."""
    if not place:
        return value
    copy = body.copy()
    copy[place[0]] = replace_text(body[place[0]], place[1:], value)
    return copy


def test_tested_bodies_name_all_text_fields(subtests: pytest.Subtests) -> None:
    for noun in NOUNS:
        with subtests.test(noun):
            content = DOCUMENT["paths"][f"/{noun}"]["post"]["requestBody"]["content"]
            shape = content["application/json"]["schema"]["$ref"].rpartition("/")[2]

            assert set(SCHEMAS[shape]["properties"]) - NOT_TEXT == set(BODIES[noun])


@pytest.mark.expensive("asks every operation")
@pytest.mark.before_the_database
def test_nul_or_lone_surrogate_in_a_text_is_a_422(refused: TestClient, subtests: pytest.Subtests) -> None:
    for noun in NOUNS:
        for place in find_texts(BODIES[noun]):
            with subtests.test(noun, place=(field := ".".join(map(str, place)))):
                for sign in ("\0", "\ud800", "\udfff", "\udc00\ud800"):
                    body = json.dumps(replace_text(BODIES[noun], place, f"a{sign}b"))

                    problem = assert_problem(refused.post(f"/{noun}", content=body, headers=JSON), 422)

                    assert field in {error["field"] for error in problem["errors"]}


MALFORMED = [
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
]


@pytest.mark.before_the_database
def test_malformed_body_is_a_400_or_422(refused: TestClient, subtests: pytest.Subtests) -> None:
    for method, path in (("POST", "/events"), ("PATCH", "/events/1")):
        for body in MALFORMED:
            with subtests.test(method, body=ascii(body[:24])):
                response = refused.request(method, path, content=body, headers=JSON)

                assert response.status_code in (400, 422)
                assert_problem(response, response.status_code)


@pytest.mark.before_the_database
def test_unknown_field_is_a_422_with_its_name(refused: TestClient, subtests: pytest.Subtests) -> None:
    for noun in NOUNS:
        with subtests.test(noun):
            problem = assert_problem(refused.post(f"/{noun}", json={"colour": "red"}), 422)

            assert "colour" in {error["field"] for error in problem["errors"]}


@pytest.mark.before_the_database
def test_body_with_too_large_a_length_is_a_413(refused: TestClient) -> None:
    assert_problem(refused.post("/events", content=b"{}", headers={"Content-Length": "5000001"}), 413)


@pytest.mark.before_the_database
def test_too_large_body_without_a_length_is_a_413(refused: TestClient) -> None:
    chunks = (b" " * 1_000_000 for _ in range(6))

    assert_problem(refused.post("/events", content=chunks, headers=JSON), 413)


# Methods


def documented_methods(path: str) -> set[str]:
    return {method.upper() for method in DOCUMENT["paths"].get(path, {"get": {}})}


def allowed_methods(path: str) -> set[str]:
    methods = documented_methods(path)
    return methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())


def test_head_has_the_status_and_headers_of_get(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in (*GETS, *UNDOCUMENTED):
        with subtests.test(path):
            query = required_query(path) if path in GETS else {}
            get, head = (reader.request(method, address(path), params=query) for method in ("GET", "HEAD"))

            assert head.status_code == get.status_code == 200
            assert head.content == b""
            assert stable_headers(head) == stable_headers(get)


def stable_headers(response: Response) -> dict[str, str]:
    """Return the headers without those that differ from request to request."""
    changing = {"x-request-id"} | ({"content-length"} if response.request.url.path == "/metrics" else set())
    return {name: value for name, value in response.headers.items() if name not in changing}


EMPTY_IN_THE_SEED = ("/review", "/rejections")  # no document of the seed was extracted
STREAMED = [path for path in LISTS if "format" in {parameter["name"] for parameter in query_parameters(path)}]


@pytest.mark.expensive("asks every operation")
def test_head_of_a_stream_is_get_without_its_body(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in STREAMED:
        for format_ in ("csv", "jsonl"):
            with subtests.test(path, format=format_):
                query = required_query(path) | {"format": format_}
                get, head = (reader.request(method, address(path), params=query) for method in ("GET", "HEAD"))

                assert bool(get.content) == (format_ == "csv" or path not in EMPTY_IN_THE_SEED)
                assert head.status_code == get.status_code == 200
                assert head.content == b""
                assert stable_headers(head) == stable_headers(get)


@pytest.mark.parametrize("path", ["/claims?format=csv", "/docs/assets/swagger-ui-bundle.js"])
@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_head_of_a_stream_is_a_200_in_any_asgi_version(reader: TestClient, path: str, version: str) -> None:
    async def respond(scope: Any, receive: Any, send: Any) -> None:
        await reader.app(scope | {"asgi": {"version": "3.0", "spec_version": version}}, receive, send)

    response = TestClient(respond, raise_server_exceptions=True).head(path)

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("path", ["/events/999999", "/nowhere", "/events?colour=red"])
def test_head_of_a_problem_has_its_headers_and_no_body(reader: TestClient, path: str) -> None:
    get, head = reader.get(path), reader.head(path)

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert stable_headers(head) == stable_headers(get)


@pytest.mark.before_the_database
def test_options_is_204_with_allow(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in (*PATHS, *UNDOCUMENTED):
        with subtests.test(path):
            response = reader.options(address(path))

            assert (response.status_code, response.content) == (204, b"")
            assert set(response.headers["Allow"].split(", ")) == allowed_methods(path)


@pytest.mark.expensive("asks every operation")
@pytest.mark.before_the_database
def test_unsupported_method_is_405_with_allow(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in (*PATHS, *UNDOCUMENTED):
        with subtests.test(path):
            for method in {"PUT", "TRACE", "QUERY", "POST", "PATCH", "DELETE"} - documented_methods(path):
                response = reader.request(method, address(path))

                assert_problem(response, 405)
                assert set(response.headers["Allow"].split(", ")) == allowed_methods(path)


# Problems


@pytest.mark.before_the_database
def test_unreadable_body_is_a_400(refused: TestClient) -> None:
    assert_problem(refused.post("/events", content=b"{", headers=JSON), 400)


@pytest.mark.parametrize(
    "header", ["Bearer nope", "Bearer dl_aaaaaaaa_" + "b" * 32, "Basic YTpi", "Bearer", "dl_x", "Bearer \xff"]
)
def test_unknown_key_is_a_401_for_reads_and_writes(reader: TestClient, header: str) -> None:
    authorization = [(b"authorization", header.encode("latin-1"))]
    for response in (reader.get("/events", headers=authorization), reader.post("/events", headers=authorization)):
        assert_problem(response, 401)
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.before_the_database
def test_write_without_a_key_is_a_401(reader: TestClient) -> None:
    assert_problem(reader.post("/events", json=BODIES["events"]), 401)


def test_write_with_a_read_key_is_a_403(refused: TestClient, guarded_store: Store) -> None:
    response = refused.post("/events", json=BODIES["events"], headers=guarded_store.key(Scope.READ))

    assert_problem(response, 403)


@pytest.mark.parametrize("path", [*(f"/{noun}/999999" for noun in NOUNS), "/nowhere", "/events/", "/events/1/nowhere"])
def test_missing_record_or_path_is_a_404(reader: TestClient, path: str) -> None:
    assert_problem(reader.get(path), 404)


def test_conflict_with_another_record_is_a_409(refused: TestClient) -> None:
    assert_problem(refused.delete("/sources/meduza"), 409)
    assert_problem(refused.post("/sources", json=BODIES["sources"] | {"slug": "meduza"}), 409)


def test_deleted_record_is_a_410_with_its_last_state(writer: TestClient) -> None:
    writer.delete("/statements/1")

    problem = assert_problem(writer.get("/statements/1"), 410)

    assert writer.get(problem["was"]).status_code == 200


def test_patch_with_an_old_etag_is_a_412(writer: TestClient) -> None:
    before = writer.get("/events/1").headers["ETag"]
    writer.patch("/events/1", json={"title": "Another"})

    assert_problem(writer.patch("/events/1", json={"title": "Yet another"}, headers={"If-Match": before}), 412)


def test_broken_store_is_a_500_without_its_error(client: TestClient, store: Store) -> None:
    with store.engine.begin() as connection:
        connection.execute(text("DROP TABLE claim"))

    response = client.get("/claims?event=1", headers={"Origin": "https://example.org"})

    problem = assert_problem(response, 500)
    assert problem["detail"] == "Something went wrong here. The log has it under this request id."
    assert response.headers["Access-Control-Allow-Origin"] == "*"


def test_store_locked_by_another_writer_is_a_503(store: Store) -> None:
    application = create_app(settings_for(store.url).model_copy(update={"busy_timeout": 0.05}))
    headers = store.key()
    with open_write_transaction(store.engine):
        response = TestClient(application).post("/events", json=BODIES["events"], headers=headers)
    application.state.read_pool.engine.dispose()

    assert_problem(response, 503)
    assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.before_the_database
def test_request_above_the_limit_is_a_429(shared_store: Store) -> None:
    limited = create_app(settings_for(shared_store.url).model_copy(update={"rate_limit": "3/minute"}))
    client = TestClient(limited)
    responses = [client.get("/sources") for _ in range(4)]
    limited.state.read_pool.engine.dispose()

    assert [response.status_code for response in responses] == [200, 200, 200, 429]
    assert [response.headers["RateLimit"].split(";")[1] for response in responses] == ["r=2", "r=1", "r=0", "r=0"]
    assert {response.headers["RateLimit-Policy"] for response in responses} == {'"default";q=3;w=60'}
    assert_problem(responses[-1], 429)
    assert 1 <= int(responses[-1].headers["Retry-After"]) <= 60


@pytest.mark.before_the_database
def test_rate_limit_is_per_key(store: Store) -> None:
    limited = create_app(settings_for(store.url).model_copy(update={"rate_limit": "1/minute"}))
    client = TestClient(limited)
    statuses = [client.get("/sources", headers=headers).status_code for headers in ({}, store.key(), store.key(), {})]
    limited.state.read_pool.engine.dispose()

    assert statuses == [200, 200, 200, 429]


# Headers


@pytest.mark.before_the_database
@pytest.mark.parametrize("ident", ["a", "7f3c-42_x.Y", "x" * 128])
def test_request_id_is_echoed(reader: TestClient, ident: str) -> None:
    assert reader.get("/events", headers={"X-Request-ID": ident}).headers["X-Request-ID"] == ident


@pytest.mark.before_the_database
@pytest.mark.parametrize("ident", ["", "x" * 129, "a b", "a;b", "<script>", 'a"b', "a,b", "a\tb", "é", "%0d%0a", "a/b"])
def test_unsafe_request_id_is_replaced(reader: TestClient, ident: str) -> None:
    response = reader.get("/nowhere", headers=[(b"x-request-id", ident.encode())])

    assert response.headers["X-Request-ID"].isalnum()
    assert len(response.headers["X-Request-ID"]) == 32
    assert_problem(response, 404)


@pytest.mark.before_the_database
def test_each_request_gets_its_own_id(reader: TestClient) -> None:
    assert len({reader.get("/").headers["X-Request-ID"] for _ in range(3)}) == 3


@pytest.mark.before_the_database
def test_responses_are_nosniff(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in (*GETS, *UNDOCUMENTED):
        with subtests.test(path):
            response = reader.get(address(path), params=required_query(path) if path in GETS else {})

            assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.before_the_database
@pytest.mark.parametrize("path", ["/events", "/events/999999", "/nowhere", "/events?colour=red", "/events?format=csv"])
def test_any_origin_may_read_responses_and_their_headers(reader: TestClient, path: str) -> None:
    response = reader.get(path, headers={"Origin": "https://example.org"})

    assert response.headers["Access-Control-Allow-Origin"] == "*"
    exposed = set(response.headers["Access-Control-Expose-Headers"].split(", "))
    assert exposed >= {"ETag", "Link", "Location", "RateLimit", "Retry-After", "X-Request-ID", "Dateline-Revision"}


@pytest.mark.before_the_database
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_preflight_for_authorization_is_a_200(reader: TestClient, method: str) -> None:
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
def test_only_configured_origins_may_read(shared_store: Store) -> None:
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


def test_unchanged_response_is_a_304_without_a_body(reader: TestClient, subtests: pytest.Subtests) -> None:
    for path in (path for path in GETS if path not in UNTAGGED):
        with subtests.test(path):
            first = reader.get(address(path), params=required_query(path))
            headers = {"If-None-Match": first.headers["ETag"]}
            second = reader.get(address(path), params=required_query(path), headers=headers)

            assert first.headers["ETag"].startswith('W/"')
            assert (second.status_code, second.content) == (304, b"")
            assert second.headers["ETag"] == first.headers["ETag"]
