"""The OpenAPI document: what FastAPI derives from the code, and what it cannot know."""

from typing import Any

from fastapi import FastAPI

from app.web.problems import Problem

DESCRIPTION = """
Which outlets reported an event, who said what about it, in which words, and where each document says so.

* Lists come in pages: follow `next`. `format=csv`, `jsonl` and `parquet` stream them whole; `flat=true` flattens rows.
* A comma in a filter means OR. Dates are `YYYY-MM-DD`. Unknown and repeated parameters are refused.
* Every read has an `ETag`; send it as `If-None-Match` and what has not changed costs nothing.
* Errors are problems (RFC 9457), `application/problem+json`.
* Writes need a key: `Authorization: Bearer dl_…`.
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


# By whether reads are public: all else is the same for every application, and takes half a second to derive.
_DOCUMENTS: dict[bool, dict[str, Any]] = {}


def describe(app: FastAPI) -> None:
    """Add to the document the shape of problems, which no endpoint returns by its type, and who needs no key."""
    derive = app.openapi

    def openapi() -> dict[str, Any]:
        public: bool = app.state.settings.public_reads
        if public not in _DOCUMENTS:
            _DOCUMENTS[public] = _completed(derive(), public=public)
        return _DOCUMENTS[public]

    app.openapi = openapi  # type: ignore[method-assign]


def _completed(document: dict[str, Any], *, public: bool) -> dict[str, Any]:
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= problem.pop("$defs") | {"Problem": problem}
    if public:
        for operations in document["paths"].values():
            if "security" in operations.get("get", {}):
                operations["get"]["security"].insert(0, {})  # no key is needed
    return document
