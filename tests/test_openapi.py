"""The OpenAPI document tells everything: what each operation does, takes and answers."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from fastapi.testclient import TestClient

from app.api.web import examples
from app.api.web.problems import MEDIA_TYPE
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
# All that is no GET, but for questions that other people's tools ask by POST.
WRITES = [name for name in OPERATIONS if not name.startswith("GET") and "/integrations/" not in name]
each_operation = pytest.mark.parametrize("name", OPERATIONS)

# Fields that say by their name alone what they hold. Everything else is described.
PLAIN = {"id", "slug", "name", "title", "status", "detail", "version", "url", "byline", "text"}


def described(field: dict[str, Any]) -> bool:
    """Whether a field, or the one shape or type that it may be, says what it is."""
    if "$ref" in field:
        return "description" in SCHEMAS[field["$ref"].rpartition("/")[2]]
    options = [option for option in field.get("anyOf", [field.get("items", {})]) if option != {"type": "null"}]
    return "description" in field or any(described(option) for option in options if option)


@each_operation
def test_every_operation_says_what_it_does_and_where_it_belongs(name: str) -> None:
    operation = OPERATIONS[name]

    assert operation["summary"]
    assert [tag for tag in operation["tags"] if tag in {each["name"] for each in DOCUMENT["tags"]}]


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name.startswith("DELETE") or name.endswith("s")])
def test_every_list_and_every_deletion_is_described_in_a_sentence(name: str) -> None:
    assert name.startswith("POST") or OPERATIONS[name]["description"].endswith(".")


def test_operation_ids_are_unique_and_plain() -> None:
    ids = Counter(operation["operationId"] for operation in OPERATIONS.values())

    assert ids.most_common(1)[0][1] == 1
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", ident) for ident in ids)


def test_operation_ids_stay_what_generated_clients_call_them() -> None:
    """A name that is gone or new here breaks, or adds to, everybody's generated code: the file says so in a diff."""
    known = (Path(__file__).parent / "data" / "operations.txt").read_text(encoding="utf-8").splitlines()

    assert sorted(f"{operation['operationId']}: {name}" for name, operation in OPERATIONS.items()) == known


def test_the_openapi_document_equals_its_snapshot() -> None:
    """A change of the API shows in the diff of this file: `make openapi` writes it anew."""
    assert orjson.dumps(DOCUMENT, option=orjson.OPT_INDENT_2) + b"\n" == SNAPSHOT.read_bytes()


@each_operation
def test_every_parameter_is_described(name: str) -> None:
    undescribed = [
        parameter["name"]
        for parameter in OPERATIONS[name].get("parameters", [])
        if "description" not in parameter and not described(parameter["schema"])
    ]

    assert undescribed == []


@pytest.mark.parametrize("shape", SCHEMAS)
def test_every_field_is_described(shape: str) -> None:
    fields = SCHEMAS[shape].get("properties", {})

    assert [name for name, field in fields.items() if name not in PLAIN and not described(field)] == []


@each_operation
def test_every_operation_documents_the_problems_that_it_can_give(name: str) -> None:
    operation = OPERATIONS[name]
    method, _, path = name.partition(" ")
    wanted = {"422"}
    if "security" in operation:
        wanted |= {"401", "403", "429"}
    if path not in ("/", "/healthz", "/metrics"):
        wanted |= {"503"}
    if "{" in path:
        wanted |= {"404"} if path.startswith("/searches") and method == "GET" else {"404", "410"}
    if any(parameter["name"] == "if-none-match" for parameter in operation.get("parameters", [])):
        wanted |= {"304"}
    if method != "GET":
        wanted |= {"400", "413"} | ({"409"} if name in WRITES else set()) | ({"412"} if "{" in path else set())

    assert wanted <= set(operation["responses"])


@each_operation
def test_every_documented_problem_has_the_shape_of_problems(name: str) -> None:
    problems = {status: each for status, each in OPERATIONS[name]["responses"].items() if status >= "400"}

    assert {status: list(each["content"]) for status, each in problems.items()} == {
        status: [MEDIA_TYPE] for status in problems
    }


@pytest.mark.parametrize("name", WRITES)
def test_every_write_needs_a_key(name: str) -> None:
    assert OPERATIONS[name]["security"] == [{"HTTPBearer": []}]


def test_reads_need_a_key_where_they_are_not_public() -> None:
    settings = settings_for("sqlite:////nowhere/never-opened.db").model_copy(update={"public_reads": False})
    private = create_app(settings).openapi()["paths"]["/events"]["get"]

    assert private["security"] == [{"HTTPBearer": []}, {"token": []}]
    assert OPERATIONS["GET /events"]["security"] == [{}, {"HTTPBearer": []}, {"token": []}]


@pytest.mark.parametrize(
    ("path", "taken"),
    [("/events", True), ("/changes", True), ("/search", True), ("/events/{id}", False), ("/metrics", False)],
)
def test_lists_say_that_they_take_a_token_and_nothing_else_does(path: str, taken: bool) -> None:
    assert ({"token": []} in OPERATIONS[f"GET {path}"]["security"]) is taken


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield from [value] if key == "$ref" else references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_reference_leads_to_a_schema_and_every_schema_is_referred_to() -> None:
    assert set(references(DOCUMENT)) - {"#/components/schemas/Problem"} == {
        f"#/components/schemas/{name}" for name in SCHEMAS if name != "Problem"
    }
    assert "#/components/schemas/Problem" in set(references(DOCUMENT))


def test_the_served_document_is_this_one(reader: TestClient) -> None:
    assert reader.get("/openapi.json").json() == DOCUMENT


def links(reader: TestClient) -> Iterator[str]:
    index = reader.get("/").json()
    yield from [index["documentation"], index["openapi"], *index["links"].values(), *index["examples"]]
    changes = reader.get("/changes?limit=500").json()["items"]
    yield from {item["noun"]: item["href"] for item in changes}.values()
    yield from (item["href"] for item in reader.get("/search?q=treaty&limit=500").json()["items"])
    for path in index["links"].values():
        page = reader.get(path, params={"limit": 1} | ({"q": "treaty"} if path == "/search" else {})).json()
        yield from (page["self"], page["next"])


def test_every_link_that_an_answer_gives_leads_somewhere(reader: TestClient) -> None:
    lost = {link: reader.get(link).status_code for link in set(links(reader)) if link and link != "/search"}

    assert {link: status for link, status in lost.items() if status != 200} == {}


# Lists


def item_of(name: str) -> dict[str, Any]:
    """The schema of a list's items, as it stands in the document."""
    answered = OPERATIONS[name]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    items: dict[str, Any] = SCHEMAS[answered.rpartition("/")[2]]["properties"]["items"]
    return items


def test_the_items_of_a_list_are_of_one_shape() -> None:
    assert item_of("GET /events")["items"] == {"$ref": "#/components/schemas/EventPublic"}
    assert all("anyOf" not in schema["properties"]["items"] for name, schema in SCHEMAS.items() if "Page_" in name)


def test_a_list_names_the_formats_that_fit_its_items(reader: TestClient) -> None:
    for name, operation in OPERATIONS.items():
        parameters = {each["name"]: each["schema"] for each in operation.get("parameters", [])}
        if not name.startswith(("GET /searches", "GET /webhooks", "POST")) and "format" in parameters:
            address = examples.load_requests()[operation["operationId"]]["address"]
            [error] = reader.get(f"{address}{'&' if '?' in address else '?'}format=nonsense").json()["errors"]
            known = ", ".join(parameters["format"]["enum"])
            assert error["detail"] == f"there is no such format here; those there are: {known}", name
            assert next(iter(operation["responses"]["200"]["content"])) == "application/json"


# Examples


def examples_in(name: str) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Where each example of an operation stands, it itself, and the schema that it is of."""
    operation = OPERATIONS[name]
    for parameter in operation.get("parameters", []):
        if "example" in parameter:
            yield parameter["name"], parameter["example"], parameter["schema"]
    for part in (operation.get("requestBody", {}), *(operation["responses"].get(each, {}) for each in ("200", "201"))):
        for media_type, content in part.get("content", {}).items():
            if "example" in content:
                yield media_type, content["example"], content["schema"]


@each_operation
def test_every_operation_has_examples_and_they_are_what_its_schemas_say(name: str) -> None:
    found = list(examples_in(name))
    for place, example, schema in found:
        whole = {**schema, "components": DOCUMENT["components"]}
        assert [error.message for error in jsonschema_rs.iter_errors(whole, example)] == [], place

    operation = OPERATIONS[name]
    required = {each["name"] for each in operation.get("parameters", []) if each["required"]}
    bodies = set(operation.get("requestBody", {}).get("content", {}))
    answers = {
        media_type
        for status in ("200", "201")
        for media_type in operation["responses"].get(status, {}).get("content", {})
        if media_type in ("application/json", "text/plain")
    }
    assert required | bodies | answers <= {place for place, _, _ in found}


# What the moment of asking decides: it is a string, or a number, there as here.
PASSING = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*|whsec_.+|msg_.+")
# Of these no example is tried here: one reaches out, the other never ends.
UNTRIED = {"create_document_from_url", "stream_changes"}
LONGEST = 160


def shortened(answer: Any) -> Any:
    """What is kept of an answer: the first two of a list, the beginning of a text, and of a secret that it is one."""
    if isinstance(answer, dict):
        return {name: shortened(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [shortened(value) for value in answer[:2]]
    if isinstance(answer, str):
        answer = re.sub(r"^tests \(\w{8}\)$", "news desk (k3vT9aQ2)", answer)
        longest = len("whsec_") if answer.startswith("whsec_") else LONGEST
        return f"{answer[:longest]}…" if len(answer) > longest else answer
    return answer


def steady(answer: Any) -> Any:
    """An answer without its moments, and without what the two databases cut differently."""
    if isinstance(answer, dict):
        return {name: steady(value) for name, value in answer.items() if name != "snippet"}
    if isinstance(answer, list):
        return [steady(value) for value in answer]
    return "a moment" if isinstance(answer, str) and PASSING.fullmatch(answer) else answer


def answers_of(client: TestClient) -> dict[str, Any]:
    """What the operations answer to their examples, asked one after the other."""
    methods = {each["operationId"]: name.partition(" ")[0] for name, each in OPERATIONS.items()}
    found = {}
    for ident, request in examples.load_requests().items():
        if ident not in UNTRIED:
            body = request.get("body")
            content = body.encode() if isinstance(body, str) else orjson.dumps(body) if body is not None else None
            headers = {"Content-Type": "application/jsonl" if isinstance(body, str) else "application/json"}
            answer = client.request(methods[ident], request["address"], content=content, headers=headers)
            assert answer.status_code in (200, 201, 204), (ident, answer.text)
            is_json = answer.headers.get("Content-Type") == "application/json"
            found[ident] = shortened(answer.json() if is_json else answer.text) if answer.content else None
    return {ident: answer for ident, answer in found.items() if answer is not None}


def test_the_examples_are_what_the_seed_answers(writer: TestClient) -> None:
    kept, told = Path(examples.__file__).parent / "responses.json", answers_of(writer)
    if not examples.load_responses():
        kept.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        pytest.fail("There were no answers: those given are kept now. Look at them.")

    told.pop("get_metrics")  # counts what was asked before
    assert steady(told) == {
        ident: steady(answer) for ident, answer in examples.load_responses().items() if ident in told
    }
    assert set(examples.load_responses()) == {*told, "get_metrics"}


def test_the_examples_are_of_all_operations() -> None:
    assert set(examples.load_requests()) == {operation["operationId"] for operation in OPERATIONS.values()}
