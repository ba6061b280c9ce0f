"""The OpenAPI document tells everything: what each operation does, takes and answers."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.web.problems import MEDIA_TYPE
from tests.conftest import settings_for

APPLICATION = create_app(settings_for("sqlite:////nowhere/never-opened.db"))
DOCUMENT: dict[str, Any] = APPLICATION.openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[str, dict[str, Any]] = {
    f"{method.upper()} {path}": operation
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
}
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
    assert all(ident.isidentifier() and ident.islower() for ident in ids)


@pytest.mark.parametrize(
    ("operation", "ident"),
    [
        ("GET /events", "list_events"),
        ("GET /events/{id}", "get_event"),
        ("POST /documents", "create_document"),
        ("PATCH /speakers/{slug}", "update_speaker"),
        ("DELETE /statements/{id}", "delete_statement"),
        ("GET /events/{id}/sources", "list_event_sources"),
        ("GET /search", "search"),
        ("GET /changes", "list_changes"),
    ],
)
def test_operation_ids_stay_what_generated_clients_call_them(operation: str, ident: str) -> None:
    assert OPERATIONS[operation]["operationId"] == ident


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
        wanted |= {"404", "410"}
    if any(parameter["name"] == "if-none-match" for parameter in operation.get("parameters", [])):
        wanted |= {"304"}
    if method != "GET":
        wanted |= {"400", "409", "413"} | ({"412"} if "{" in path else set())

    assert wanted <= set(operation["responses"])


@each_operation
def test_every_documented_problem_has_the_shape_of_problems(name: str) -> None:
    problems = {status: each for status, each in OPERATIONS[name]["responses"].items() if status >= "400"}

    assert {status: list(each["content"]) for status, each in problems.items()} == {
        status: [MEDIA_TYPE] for status in problems
    }


@pytest.mark.parametrize("name", [name for name in OPERATIONS if not name.startswith("GET")])
def test_every_write_needs_a_key(name: str) -> None:
    assert OPERATIONS[name]["security"] == [{"HTTPBearer": []}]


def test_reads_need_a_key_where_they_are_not_public() -> None:
    settings = settings_for("sqlite:////nowhere/never-opened.db").model_copy(update={"public_reads": False})
    private = create_app(settings).openapi()["paths"]["/events"]["get"]

    assert private["security"] == [{"HTTPBearer": []}]
    assert OPERATIONS["GET /events"]["security"] == [{}, {"HTTPBearer": []}]


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
