"""Complete the OpenAPI document that FastAPI derives from the code."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from app.api.web import examples
from app.api.web.access import get_read_scope
from app.api.web.problems import Problem
from app.core.vocab import Scope
from app.formats import FORMATS, list_format_names
from app.schemas.common import Page

JsonObject = dict[str, Any]

DESCRIPTION = """
Events with the outlets that reported them, and statements with speakers, exact words and places in the documents.

* Lists come in pages: follow `next`. `format=` gives them as feeds (`atom`, `jsonfeed`), or whole: `csv`, `jsonl`,
  `parquet`, `geojson`, `ics`, `jsonld`, `annotations`. `flat=true` flattens rows.
* A comma in a filter means OR. Dates are `YYYY-MM-DD`. Unknown and repeated parameters are refused.
* Every read has an `ETag`; send it as `If-None-Match` and what has not changed costs nothing.
* Errors are problems (RFC 9457), `application/problem+json`.
* Writes need a key: `Authorization: Bearer dl_…`. Readers that cannot send headers read lists with `token=dlr_…`.
"""

TAGS = [
    {"name": "events", "description": "Events, and the outlets that reported them."},
    {"name": "sources", "description": "Outlets and agencies that publish."},
    {"name": "documents", "description": "Captured texts of published items, and the spans of records in them."},
    {"name": "reports", "description": "Events in documents, with the passages that report them."},
    {"name": "speakers", "description": "Voices: people, organizations, documents, and those left unnamed."},
    {"name": "statements", "description": "Words that one document attributes to a speaker."},
    {"name": "utterances", "description": "The things said, of which statements are the printings."},
    {"name": "claims", "description": "Values that documents claim for the properties of events."},
    {"name": "matches", "description": "Pairs of events or statements that may be the same."},
    {"name": "origins", "description": "Independent origins of reports and of printed words."},
    {"name": "discrepancies", "description": "Properties of events with different claimed values."},
    {"name": "coverage", "description": "Outlets that covered an event, their lags, and what they left out."},
    {"name": "stats", "description": "Counts over time."},
    {"name": "review", "description": "Records made by a machine, for a person to judge."},
    {"name": "search", "description": "Full text over events, statements and documents."},
    {"name": "searches", "description": "Filters saved under a name, with their results as lists, feeds and streams."},
    {"name": "webhooks", "description": "URLs that receive change notifications, and the log of deliveries."},
    {"name": "feeds", "description": "URLs that are checked for new items, and the results."},
    {"name": "imports", "description": "Records in bulk, as JSON lines, and the progress of imports."},
    {"name": "revisions", "description": "Every change of the store, in its order."},
    {"name": "integrations", "description": "Data for Grafana and TimeMap, in the shapes that these expect."},
    {"name": "service", "description": "The service itself."},
]


# Their reads need a key even if reads are public.
_KEYED_TAGS = {"webhooks"}

_TOKEN = {
    "type": "apiKey",
    "in": "query",
    "name": "token",
    "description": "A key of the scope `feeds`, which reads lists, in any format, and nothing else.",
}

# The documents of this process, by the setting public_reads, the only one they depend on: one takes half a second.
_DOCUMENTS: dict[bool, JsonObject] = {}


def complete_openapi(app: FastAPI) -> None:
    """Have the application complete its OpenAPI document.

    Added are the problems, which no endpoint returns by its type; the operations that need no key or accept a token;
    the formats of each list; and the examples.
    """
    derive = app.openapi

    def openapi() -> JsonObject:
        is_public: bool = app.state.settings.public_reads
        if is_public not in _DOCUMENTS:
            _DOCUMENTS[is_public] = _complete(derive(), _get_item_shapes(app), is_public=is_public)
        return _DOCUMENTS[is_public]

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(document: JsonObject, shapes: Mapping[str, type[BaseModel]], *, is_public: bool) -> JsonObject:
    components = document["components"]
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    components["schemas"] |= problem.pop("$defs") | {"Problem": problem}
    components["securitySchemes"]["token"] = _TOKEN
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            # Some integrations read by POST.
            if method == "get" or path.startswith("/integrations/"):
                if "security" in operation:
                    _add_security(operation, path, is_public=is_public)
                if path in shapes:
                    _add_formats(operation, shapes[path])
            for parameter in operation.get("parameters", []):
                _remove_null(parameter["schema"])
    for name, schema in components["schemas"].items():
        if name.startswith("Page_"):
            _describe_items(schema["properties"])
    examples.add_examples(document)
    return document


def _get_item_shapes(app: FastAPI) -> dict[str, type[BaseModel]]:
    """Return the shape of each list's items, by path."""
    shapes = {}
    for route in app.routes:
        if not isinstance(route, APIRoute) or route.methods != {"GET"}:
            continue
        page = route.response_model
        if isinstance(page, type) and issubclass(page, Page):
            shape = page.__pydantic_generic_metadata__["args"][0]
            if isinstance(shape, type) and issubclass(shape, BaseModel):
                shapes[route.path] = shape
    return shapes


def _add_security(operation: JsonObject, path: str, *, is_public: bool) -> None:
    if is_public and _KEYED_TAGS.isdisjoint(operation["tags"]):
        operation["security"].insert(0, {})  # no key is needed
    if get_read_scope(path) is Scope.FEEDS:
        operation["security"].append({"token": []})


def _add_formats(operation: JsonObject, shape: type[BaseModel]) -> None:
    names = list_format_names(shape)
    for parameter in operation["parameters"]:
        if parameter["name"] == "format":
            parameter["schema"] = {"type": "string", "enum": list(names), "title": "Format"}
    response = operation["responses"]["200"]
    formats = {FORMATS[name].bare_type: {"schema": FORMATS[name].schema} for name in names if name in FORMATS}
    # JSON first: generated clients take the first that they can read.
    response["content"] = {"application/json": response["content"]["application/json"], **formats}


def _remove_null(schema: JsonObject) -> None:
    """Remove null from the types of a parameter: a query cannot express it."""
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        del schema["anyOf"]
        schema |= options[0] | schema
    elif options:
        schema["anyOf"] = options


def _describe_items(page: JsonObject) -> None:
    """Declare the items without ``flat``: with both kinds in one list, no client knows the type of an item."""
    if "anyOf" in page["items"]:
        description = "The items. With `flat=true` they are rows instead: objects of plain values."
        page["items"] |= page["items"].pop("anyOf")[0] | {"description": description}
