"""Examples of every operation: requests written by hand, and what the seed answers them, kept in files beside this one.

A test asks them all again and holds them to what is kept. Answers are shortened: of a list its first items, of a
long text its beginning.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson

Example = dict[str, Any]

_FOLDER = Path(__file__).parent
_JSON = "application/json"


@cache
def requests() -> dict[str, Example]:
    """By operation: the ``address`` to ask, the ``body`` to send, if any, and of which other operation it is answered
    ``like``, where nobody can ask it by himself."""
    found: dict[str, Example] = orjson.loads((_FOLDER / "requests.json").read_bytes())
    return found


@cache
def answers() -> dict[str, Any]:
    """By operation: what it answers."""
    found: dict[str, Any] = orjson.loads((_FOLDER / "answers.json").read_bytes())
    return found


def add(document: Example) -> None:
    """Put the examples into an OpenAPI document."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            request = requests().get(operation["operationId"])
            if request is not None:
                _add_request(operation, path, request)
                _add_answer(operation, answers().get(request.get("like", operation["operationId"])))


def _add_request(operation: Example, path: str, request: Example) -> None:
    values = _values(path, request["address"])
    for parameter in operation.get("parameters", []):
        if parameter["name"] in values and parameter["in"] != "header":
            parameter["example"] = _typed(values[parameter["name"]], parameter["schema"])
    for body in operation.get("requestBody", {}).get("content", {}).values():
        body["example"] = request["body"]


def _values(template: str, address: str) -> Mapping[str, str]:
    """The parameters of an address: those in its path, and those of its query."""
    path, _, query = address.partition("?")
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
    match = re.fullmatch(pattern, path)
    assert match is not None, f"{address} is not at {template}"
    return {name: unquote(value) for name, value in match.groupdict().items()} | dict(parse_qsl(query))


def _typed(value: str, schema: Example) -> int | str:
    """A parameter's value as its schema has it: a number that may be one is one."""
    return int(value) if value.isdecimal() and schema.get("type") != "string" else value


def _add_answer(operation: Example, answer: Any) -> None:
    for status in ("200", "201"):
        content = operation["responses"].get(status, {}).get("content", {})
        for media_type in (_JSON, "text/plain"):
            if media_type in content and answer is not None:
                content[media_type]["example"] = answer
