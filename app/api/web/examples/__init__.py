"""JsonObjects of every operation: requests written by hand and their responses from the seed, in files beside this one.

A test sends the requests and compares the responses. Responses are shortened: lists to their first items, long texts
to their beginning.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

JsonObject = dict[str, Any]

_FOLDER = Path(__file__).parent
_JSON = "application/json"


@cache
def load_requests() -> dict[str, JsonObject]:
    """Return the request of each operation: its ``address``, and its ``body`` if it has one.

    An operation that cannot be called on its own has the name of another with the same response, as ``like``.
    """
    requests: dict[str, JsonObject] = orjson.loads((_FOLDER / "requests.json").read_bytes())
    return requests


@cache
def load_responses() -> dict[str, Any]:
    """Return the body of each operation's response."""
    responses: dict[str, Any] = orjson.loads((_FOLDER / "responses.json").read_bytes())
    return responses


def add_examples(document: JsonObject) -> None:
    """Put the examples into an OpenAPI document."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            request = load_requests().get(operation["operationId"])
            if request is not None:
                _add_request(operation, path, request)
                _add_response(operation, load_responses().get(request.get("like", operation["operationId"])))


def _add_request(operation: JsonObject, path: str, request: JsonObject) -> None:
    values = _parse_address(path, request["address"])
    for parameter in operation.get("parameters", []):
        if parameter["name"] in values and parameter["in"] != "header":
            value = values[parameter["name"]]
            is_number = value.isdecimal() and parameter["schema"].get("type") != "string"
            parameter["example"] = int(value) if is_number else value
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content["example"] = request["body"]


def _parse_address(template: str, address: str) -> Mapping[str, str]:
    """Return the path and query parameters of an address."""
    path, _, query = address.partition("?")
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
    match = re.fullmatch(pattern, path)
    assert match is not None, f"{address} is not at {template}"
    return {name: unquote(value) for name, value in match.groupdict().items()} | dict(parse_qsl(query))


def _add_response(operation: JsonObject, body: Any) -> None:
    for status in ("200", "201"):
        content = operation["responses"].get(status, {}).get("content", {})
        for media_type in (_JSON, "text/plain"):
            if media_type in content and body is not None:
                content[media_type]["example"] = body
