"""The OpenAPI document: descriptions, parameters, problems, schemas and examples of all operations."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from fastapi.testclient import TestClient

from app.api.web import examples
from app.api.web.problems import MEDIA_TYPE
from app.core.vocab import Noun
from app.main import create_app
from tests.conftest import settings_for
from tests.write_openapi import SNAPSHOT

APPLICATION = create_app(settings_for("sqlite:////nowhere/never-opened.db"))
DOCUMENT: dict[str, Any] = APPLICATION.openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
# All but GETs and the queries that other tools send by POST.
WRITES = [name for name in OPERATIONS if not name.startswith("GET") and "/integrations/" not in name]

# Fields that need no description beyond their name.
PLAIN = {"id", "slug", "name", "title", "status", "detail", "version", "url", "byline", "text"}


def is_described(field: dict[str, Any]) -> bool:
    """Tell whether a field, or one of the shapes or types that it may be, has a description."""
    if "$ref" in field:
        return "description" in SCHEMAS[field["$ref"].rpartition("/")[2]]
    options = [option for option in field.get("anyOf", [field.get("items", {})]) if option != {"type": "null"}]
    return "description" in field or any(is_described(option) for option in options if option)


def test_every_operation_has_a_summary_and_known_tags(subtests: pytest.Subtests) -> None:
    tags = {tag["name"] for tag in DOCUMENT["tags"]}
    for name, operation in OPERATIONS.items():
        with subtests.test(name):
            assert operation["summary"]
            assert tags & set(operation["tags"])


def test_lists_and_deletions_are_described_in_a_sentence() -> None:
    names = [name for name in OPERATIONS if name.startswith("DELETE") or name.endswith("s")]
    reads_and_deletions = [name for name in names if not name.startswith("POST")]

    assert [name for name in reads_and_deletions if not OPERATIONS[name]["description"].endswith(".")] == []


def test_operation_ids_are_unique_lowercase_words() -> None:
    ids = Counter(operation["operationId"] for operation in OPERATIONS.values())

    assert ids.most_common(1)[0][1] == 1
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", ident) for ident in ids)


def test_operation_ids_equal_the_recorded_ones() -> None:
    """Show new and missing operation ids in a diff: generated clients call the operations by them."""
    recorded = (Path(__file__).parent / "data" / "operations.txt").read_text(encoding="utf-8").splitlines()

    assert sorted(f"{operation['operationId']}: {name}" for name, operation in OPERATIONS.items()) == recorded


def test_the_openapi_document_equals_its_snapshot() -> None:
    """Show changes of the API in the diff of this file, which `make openapi` writes."""
    assert orjson.dumps(DOCUMENT, option=orjson.OPT_INDENT_2) + b"\n" == SNAPSHOT.read_bytes()


def test_every_parameter_is_described() -> None:
    undescribed = [
        (name, parameter["name"])
        for name, operation in OPERATIONS.items()
        for parameter in operation.get("parameters", [])
        if "description" not in parameter and not is_described(parameter["schema"])
    ]

    assert undescribed == []


def test_every_field_is_described() -> None:
    undescribed = [
        (shape, name)
        for shape, schema in SCHEMAS.items()
        for name, field in schema.get("properties", {}).items()
        if name not in PLAIN and not is_described(field)
    ]

    assert undescribed == []


def expected_problems(name: str, operation: dict[str, Any]) -> set[str]:
    """Return the statuses other than success that an operation must document."""
    method, _, path = name.partition(" ")
    statuses = {"422"}
    if "security" in operation:
        statuses |= {"401", "403", "429"}
    if path not in ("/", "/healthz", "/metrics"):
        statuses |= {"503"}
    if "{" in path:
        statuses |= {"404"} if path.startswith("/searches") and method == "GET" else {"404", "410"}
    if any(parameter["name"] == "if-none-match" for parameter in operation.get("parameters", [])):
        statuses |= {"304"}
    if method != "GET":
        statuses |= {"400", "413"} | ({"409"} if name in WRITES else set()) | ({"412"} if "{" in path else set())
    return statuses


def test_every_operation_documents_its_problems(subtests: pytest.Subtests) -> None:
    for name, operation in OPERATIONS.items():
        with subtests.test(name):
            assert expected_problems(name, operation) <= set(operation["responses"])


def test_documented_problems_have_the_problem_media_type() -> None:
    media_types = {
        (name, status): list(response["content"])
        for name, operation in OPERATIONS.items()
        for status, response in operation["responses"].items()
        if status >= "400"
    }

    assert media_types == {problem: [MEDIA_TYPE] for problem in media_types}


def test_every_write_needs_a_key() -> None:
    assert [name for name in WRITES if OPERATIONS[name]["security"] != [{"HTTPBearer": []}]] == []


def test_private_reads_need_a_key_or_token() -> None:
    settings = settings_for("sqlite:////nowhere/never-opened.db").model_copy(update={"public_reads": False})
    private = create_app(settings).openapi()["paths"]["/events"]["get"]

    assert private["security"] == [{"HTTPBearer": []}, {"token": []}]
    assert OPERATIONS["GET /events"]["security"] == [{}, {"HTTPBearer": []}, {"token": []}]


@pytest.mark.parametrize(
    ("path", "taken"),
    [("/events", True), ("/changes", True), ("/search", True), ("/events/{id}", False), ("/metrics", False)],
)
def test_only_lists_take_a_token(path: str, taken: bool) -> None:
    assert ({"token": []} in OPERATIONS[f"GET {path}"]["security"]) is taken


def find_references(part: Any) -> Iterator[str]:
    """Yield all references of a part of the document."""
    if isinstance(part, dict):
        for key, value in part.items():
            yield from [value] if key == "$ref" else find_references(value)
    elif isinstance(part, list):
        for value in part:
            yield from find_references(value)


def test_references_and_schemas_match() -> None:
    references = set(find_references(DOCUMENT))

    assert references == {f"#/components/schemas/{name}" for name in SCHEMAS} | {"#/components/schemas/Problem"}


@pytest.mark.before_the_database
def test_served_document_equals_the_built_one(reader: TestClient) -> None:
    assert reader.get("/openapi.json").json() == DOCUMENT


def read_links(reader: TestClient) -> Iterator[str]:
    """Yield links of all kinds from responses: of the index, of changes, of hits and of pages."""
    index = reader.get("/").json()
    yield from [index["documentation"], index["openapi"], *index["links"].values(), *index["examples"]]
    changes = reader.get("/changes?limit=500").json()["items"]
    yield from {item["noun"]: item["href"] for item in changes}.values()
    yield from (item["href"] for item in reader.get("/search?q=treaty&limit=500").json()["items"])
    for path in index["links"].values():
        page = reader.get(path, params={"limit": 1} | ({"q": "treaty"} if path == "/search" else {})).json()
        yield from (page["self"], page["next"])


@pytest.mark.expensive("asks every operation")
def test_links_of_responses_are_200(reader: TestClient) -> None:
    statuses = {link: reader.get(link).status_code for link in set(read_links(reader)) if link and link != "/search"}

    assert {link: status for link, status in statuses.items() if status != 200} == {}


# Lists


def item_of(name: str) -> dict[str, Any]:
    """Return the schema of a list's items, as it stands in the document."""
    page = OPERATIONS[name]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    items: dict[str, Any] = SCHEMAS[page.rpartition("/")[2]]["properties"]["items"]
    return items


def test_items_of_a_list_have_one_shape() -> None:
    assert item_of("GET /events")["items"] == {"$ref": "#/components/schemas/EventPublic"}
    assert all("anyOf" not in schema["properties"]["items"] for name, schema in SCHEMAS.items() if "Page_" in name)


@pytest.mark.before_the_database
def test_unknown_format_is_a_422_that_lists_formats(reader: TestClient, subtests: pytest.Subtests) -> None:
    for name, operation in OPERATIONS.items():
        schemas = {parameter["name"]: parameter["schema"] for parameter in operation.get("parameters", [])}
        if not name.startswith(("GET /searches", "GET /webhooks", "POST")) and "format" in schemas:
            with subtests.test(name):
                address = examples.load_requests()[operation["operationId"]]["address"]
                [error] = reader.get(f"{address}{'&' if '?' in address else '?'}format=nonsense").json()["errors"]
                formats = ", ".join(schemas["format"]["enum"])

                assert error["detail"] == f"there is no such format here; those there are: {formats}"
                assert next(iter(operation["responses"]["200"]["content"])) == "application/json"


# Examples


def find_examples(operation: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield the place of each example of an operation, the example, and its schema."""
    for parameter in operation.get("parameters", []):
        if "example" in parameter:
            yield parameter["name"], parameter["example"], parameter["schema"]
    responses = (operation["responses"].get(status, {}) for status in ("200", "201"))
    for part in (operation.get("requestBody", {}), *responses):
        for media_type, content in part.get("content", {}).items():
            if "example" in content:
                yield media_type, content["example"], content["schema"]


def places_for_examples(operation: dict[str, Any]) -> set[str]:
    """Return the names of required parameters and the media types that must have an example."""
    required = {parameter["name"] for parameter in operation.get("parameters", []) if parameter["required"]}
    bodies = set(operation.get("requestBody", {}).get("content", {}))
    responses = {
        media_type
        for status in ("200", "201")
        for media_type in operation["responses"].get(status, {}).get("content", {})
        if media_type in ("application/json", "text/plain")
    }
    return required | bodies | responses


@pytest.mark.expensive("asks every operation")
def test_every_operation_has_examples_of_its_schemas(subtests: pytest.Subtests) -> None:
    for name, operation in OPERATIONS.items():
        with subtests.test(name):
            places = set()
            for place, example, schema in find_examples(operation):
                whole = {**schema, "components": DOCUMENT["components"]}
                assert [error.message for error in jsonschema_rs.iter_errors(whole, example)] == [], place
                places.add(place)

            assert places_for_examples(operation) <= places


# Values that differ from run to run: times, secrets and ids of messages.
CHANGING = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*|whsec_.+|msg_.+")
# No example of these is requested: one fetches a page, the other never ends.
UNTRIED = {"create_document_from_url", "stream_changes"}
LONGEST = 160


def shorten(answer: Any) -> Any:
    """Return what is recorded of an answer: two items of a list, the start of a text, the prefix of a secret."""
    if isinstance(answer, dict):
        return {name: shorten(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [shorten(value) for value in answer[:2]]
    if isinstance(answer, str):
        answer = re.sub(r"^tests \(\w{8}\)$", "news desk (k3vT9aQ2)", answer)
        longest = len("whsec_") if answer.startswith("whsec_") else LONGEST
        return f"{answer[:longest]}…" if len(answer) > longest else answer
    return answer


def make_comparable(answer: Any) -> Any:
    """Return an answer without its times, and without snippets, which the two databases cut differently."""
    if isinstance(answer, dict):
        return {name: make_comparable(value) for name, value in answer.items() if name != "snippet"}
    if isinstance(answer, list):
        return [make_comparable(value) for value in answer]
    return "a moment" if isinstance(answer, str) and CHANGING.fullmatch(answer) else answer


def request_examples(client: TestClient) -> dict[str, Any]:
    """Return the shortened answers to the examples of the operations, requested in their order."""
    methods = {operation["operationId"]: name.partition(" ")[0] for name, operation in OPERATIONS.items()}
    answers = {}
    for ident, request in examples.load_requests().items():
        if ident not in UNTRIED:
            body = request.get("body")
            content = body.encode() if isinstance(body, str) else orjson.dumps(body) if body is not None else None
            headers = {"Content-Type": "application/jsonl" if isinstance(body, str) else "application/json"}
            response = client.request(methods[ident], request["address"], content=content, headers=headers)
            assert response.status_code in (200, 201, 204), (ident, response.text)
            is_json = response.headers.get("Content-Type") == "application/json"
            answers[ident] = shorten(response.json() if is_json else response.text) if response.content else None
    return {ident: answer for ident, answer in answers.items() if answer is not None}


@pytest.mark.expensive("asks every operation")
def test_recorded_responses_equal_those_of_the_seed(writer: TestClient) -> None:
    path, answers = Path(examples.__file__).parent / "responses.json", request_examples(writer)
    if not examples.load_responses():
        path.write_bytes(orjson.dumps(answers, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        pytest.fail("There were no recorded responses. The current ones are recorded now: check them.")

    answers.pop("get_metrics")  # counts earlier requests
    recorded = examples.load_responses()
    assert make_comparable(answers) == {
        ident: make_comparable(answer) for ident, answer in recorded.items() if ident in answers
    }
    assert set(recorded) == {*answers, "get_metrics"}


def test_every_operation_has_an_example_request() -> None:
    assert set(examples.load_requests()) == {operation["operationId"] for operation in OPERATIONS.values()}


# Names

FOREIGN = (
    *("AdHocFilterIn", "AnnotationPublic", "ColumnPublic", "MetricPublic", "MetricsIn", "OptionPublic", "PanelQueryIn"),
    *("PayloadOptionsIn", "PayloadPublic", "SeriesPublic", "TablePublic", "TagKeyIn", "TagKeyPublic", "TagValuePublic"),
    *("TargetIn", "TimeMap", "TimeRangeIn", "VariableIn", "VariablePublic", "VariableTargetIn"),
)
"""Shapes of Grafana's data source and of TimeMap, whose names other people chose."""

OWN = {
    name: schema.get("properties", {})
    for name, schema in SCHEMAS.items()
    if not name.startswith((*FOREIGN, "Problem", "FieldError"))
}
REQUESTS = {name for name in OWN if name.endswith(("In", "Create", "Update", "Merge", "Split", "Verdict", "FromUrl"))}

# A list's items and a verdict's changes have the shape of the noun.
OF_MANY_SHAPES = {"items", "changes"}
# An address by name, the filters of a query by name, numbers by reason, a record's columns by name.
MAPS = {"links", "filters", "count_by_reason", "snapshot"}
# The bounds of an uncertain date, and the first day of a period of /stats.
DAYS_WITHOUT_SUFFIX = {"earliest", "latest", "period"}
UNCERTAIN_DATES = {"date", "published", "said"}
SINGULAR_LISTS = {"chain", "from", "through", "by_source", "by_relay", "by_month"}
ADJECTIVES = {"active", "extract", "followed", "only_relayed", "same", "state_affiliated", "translated", "trivial"}


def describe_type(field: dict[str, Any]) -> str:
    """Return the type of a field without null: a shape's name, `[type]` of a list, or a JSON type and format."""
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return name if SCHEMAS[name].get("type") == "object" else describe_type(SCHEMAS[name])
    if "anyOf" in field:
        return "|".join(sorted({describe_type(option) for option in field["anyOf"] if option != {"type": "null"}}))
    if field.get("type") == "array":
        return f"[{describe_type(field['items'])}]"
    kind = field.get("type", "object")
    return f"{kind} {field['format']}" if field.get("format") in ("date", "date-time") else str(kind)


def iterate_fields(shapes: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield shape, name and type of all fields of these shapes."""
    for shape in shapes:
        for name, field in OWN[shape].items():
            yield shape, name, describe_type(field)


@pytest.mark.parametrize("shapes", [OWN.keys() - REQUESTS, REQUESTS], ids=["responses", "requests"])
def test_one_name_has_one_type(shapes: set[str]) -> None:
    types: dict[str, set[str]] = defaultdict(set)
    for _, name, kind in iterate_fields(shapes):
        types[name].add(kind)

    assert {name: kinds for name, kinds in types.items() if len(kinds) > 1 and name not in OF_MANY_SHAPES} == {}


def test_names_tell_their_types() -> None:
    wrong = []
    for shape, name, kind in iterate_fields(OWN):
        if name.endswith(("_count", "_length", "_days", "_seconds")) or name in ("count", "length"):
            fits = kind == "integer"
        elif name == "id" or name.endswith("_id"):
            fits = kind in ("integer", "string")
        elif name.endswith("_ids"):
            fits = kind == "[integer]"
        elif name.endswith("_at"):
            fits = kind == "string date-time"
        elif name.endswith("_on"):
            fits = kind == "string date"
        elif name in UNCERTAIN_DATES:
            fits = kind == ("string" if shape in REQUESTS else "DatePublic")
        elif name.startswith(("is_", "has_")):
            fits = kind == "boolean"
        else:
            fits = True
        if not fits:
            wrong.append((shape, name, kind))

    assert wrong == []


def test_types_have_names_that_tell_them() -> None:
    wrong = []
    for shape, name, kind in iterate_fields(OWN):
        if kind == "boolean":
            fits = name in ADJECTIVES or name.startswith(("is_", "has_"))
        elif kind == "string date-time":
            fits = name.endswith("_at")
        elif kind == "string date":
            fits = name.endswith("_on") or name in DAYS_WITHOUT_SUFFIX
        elif kind == "object":
            fits = name in MAPS
        elif kind.startswith("["):
            fits = name.endswith("s") or name in SINGULAR_LISTS
        else:
            fits = True
        if not fits:
            wrong.append((shape, name, kind))

    assert wrong == []


def test_plain_plurals_are_lists() -> None:
    plurals = {name for _, name, kind in iterate_fields(OWN) if kind.startswith("[") and name.endswith("s")}

    assert [field for field in iterate_fields(OWN) if field[1] in plurals - OF_MANY_SHAPES and field[2][0] != "["] == []


def test_singular_nouns_of_requests_are_references() -> None:
    nouns = {noun.singular for noun in Noun} & {name for _, name, _ in iterate_fields(REQUESTS)}
    kinds = {kind for _, name, kind in iterate_fields(REQUESTS) if name in nouns}

    assert kinds <= {"integer", "integer|string"}


def test_nouns_are_plural(reader: TestClient) -> None:
    spans = reader.get("/documents/4").json()["spans"]

    assert {span["noun"] for span in spans} == {"statements", "cues", "attributions", "passages", "claims"}
