"""The OpenAPI document: what FastAPI derives from the code, and what it cannot know."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.api.web import examples
from app.api.web.deps import get_read_scope
from app.api.web.problems import Problem
from app.core.vocab import Scope
from app.formats import FORMATS, list_format_names
from app.schemas.common import Page

Part = dict[str, Any]

DESCRIPTION = """
Which outlets reported an event, who said what about it, in which words, and where each document says so.

* Lists come in pages: follow `next`. `format=` gives them as feeds (`atom`, `jsonfeed`), or whole: `csv`, `jsonl`,
  `parquet`, `geojson`, `ics`, `jsonld`, `annotations`. `flat=true` flattens rows.
* A comma in a filter means OR. Dates are `YYYY-MM-DD`. Unknown and repeated parameters are refused.
* Every read has an `ETag`; send it as `If-None-Match` and what has not changed costs nothing.
* Errors are problems (RFC 9457), `application/problem+json`.
* Writes need a key: `Authorization: Bearer dl_…`. Readers that cannot send headers read lists with `token=dlr_…`.
"""

TAGS = [
    {"name": "events", "description": "What happened, and which outlets reported it."},
    {"name": "sources", "description": "Outlets and agencies that publish."},
    {"name": "documents", "description": "Captured texts of published items, and what stands where in them."},
    {"name": "reports", "description": "Which document reports which event, in which passage."},
    {"name": "speakers", "description": "Voices: people, organizations, documents, and those left unnamed."},
    {"name": "statements", "description": "Words that one document attributes to a speaker."},
    {"name": "utterances", "description": "The things said, of which statements are the printings."},
    {"name": "claims", "description": "What documents say of the properties of events."},
    {"name": "matches", "description": "Events or statements that a machine takes to be one, without being sure."},
    {"name": "origins", "description": "Who stands behind a report, or behind words, each counted once."},
    {"name": "discrepancies", "description": "What documents say differently of one event."},
    {"name": "coverage", "description": "Which outlet reported what, when, and what it left out."},
    {"name": "stats", "description": "Counts over time."},
    {"name": "review", "description": "What machines found and no person has looked at, and what people say of it."},
    {"name": "search", "description": "Full text over events, statements and documents."},
    {"name": "searches", "description": "Filters under a name: to be read as a list, or followed as it grows."},
    {"name": "webhooks", "description": "Addresses that are told of changes, and what came of telling them."},
    {"name": "feeds", "description": "Addresses that are watched for new items, and what came of it."},
    {"name": "imports", "description": "Records in bulk, as JSON lines, and how far each import has got."},
    {"name": "revisions", "description": "Every change of the store, in its order."},
    {"name": "integrations", "description": "Other people's tools, in their own words."},
    {"name": "service", "description": "The service itself."},
]


# Their reads need a key even where reads are public.
_KEYED = {"webhooks"}

_TOKEN = {
    "type": "apiKey",
    "in": "query",
    "name": "token",
    "description": "A key of the scope `feeds`, which reads lists, in any format, and nothing else.",
}

# By whether reads are public: all else is the same for every application, and takes half a second to derive.
_DOCUMENTS: dict[bool, Part] = {}


def describe(app: FastAPI) -> None:
    """Complete the document: problems, which no endpoint returns by its type; who needs no key, and who may come with
    a token; the formats of each list; examples."""
    derive = app.openapi

    def openapi() -> Part:
        public: bool = app.state.settings.public_reads
        if public not in _DOCUMENTS:
            _DOCUMENTS[public] = _completed(derive(), _shapes(app), public=public)
        return _DOCUMENTS[public]

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: Part, shapes: Mapping[str, type[BaseModel]], *, public: bool) -> Part:
    components = document["components"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= problem.pop("$defs") | {"Problem": problem}
    components["securitySchemes"]["token"] = _TOKEN
    for path, operation in _reads(document):
        if "security" in operation:
            _say_who_may(operation, path, public=public)
        if path in shapes:
            _say_in_which_formats(operation, shapes[path])
    for operation in _operations(document):
        for parameter in operation.get("parameters", []):
            _say_what_may_be_left_out(parameter["schema"])
    for name, schema in components["schemas"].items():
        if name.startswith("Page_"):
            _say_what_items_are(schema["properties"])
    examples.add(document)
    return document


def _reads(document: Part) -> Iterator[tuple[str, Part]]:
    """The operations that write nothing: some of other people's tools ask by POST."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "get" or path.startswith("/integrations/"):
                yield path, operation


def _operations(document: Part) -> Iterator[Part]:
    return (operation for operations in document["paths"].values() for operation in operations.values())


def _shapes(app: FastAPI) -> dict[str, type[BaseModel]]:
    """By path: the shape of the items of each list."""
    reads = (each for each in app.routes if isinstance(each, APIRoute) and each.methods == {"GET"})
    pages = {each.path: each.response_model for each in reads}
    found = {
        path: page.__pydantic_generic_metadata__["args"][0]
        for path, page in pages.items()
        if isinstance(page, type) and issubclass(page, Page)
    }
    return {path: shape for path, shape in found.items() if isinstance(shape, type) and issubclass(shape, BaseModel)}


def _say_who_may(operation: Part, path: str, *, public: bool) -> None:
    if public and _KEYED.isdisjoint(operation["tags"]):
        operation["security"].insert(0, {})  # no key is needed
    if get_read_scope(path) is Scope.FEEDS:
        operation["security"].append({"token": []})


def _say_in_which_formats(operation: Part, shape: type[BaseModel]) -> None:
    names = list_format_names(shape)
    for parameter in operation["parameters"]:
        if parameter["name"] == "format":
            parameter["schema"] = {"type": "string", "enum": list(names), "title": "Format"}
    answered = operation["responses"]["200"]
    others = {FORMATS[name].bare_type: {"schema": FORMATS[name].schema} for name in names if name in FORMATS}
    # JSON first: generated clients take the first that they can read.
    answered["content"] = {"application/json": answered["content"]["application/json"], **others}


def _say_what_may_be_left_out(schema: Part) -> None:
    """A parameter that is left out is not null: an address has no word for that."""
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        del schema["anyOf"]
        schema |= options[0] | schema
    elif options:
        schema["anyOf"] = options


def _say_what_items_are(page: Part) -> None:
    """Items as they are unless ``flat`` is asked for: of a list of either, no client knows what it holds."""
    if "anyOf" in page["items"]:
        told = "The items. With `flat=true` they are rows instead: objects of plain values."
        page["items"] |= page["items"].pop("anyOf")[0] | {"description": told}
