"""What the OpenAPI document promises, asked at run time: it is the one list of methods and parameters."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from fastapi import FastAPI
from starlette.routing import compile_path

_METHODS = ("GET", "POST", "PATCH", "DELETE")


class OpenApiIndex:
    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def list_methods(self, path: str) -> list[str]:
        """The methods that an address answers, for ``Allow``; those of a plain page where it is not documented."""
        own = self._app.openapi()["paths"].get(path)  # one like /documents/from-url, that /documents/{id} also fits
        fitting = (methods for pattern, methods in self._addresses if pattern.match(path))
        found = {method.upper() for methods in ([own] if own else fitting) for method in methods}
        listed = [method for method in _METHODS if method in found] or ["GET"]
        return [*listed, *(["HEAD"] if "GET" in listed else []), "OPTIONS"]

    def get_query_parameters(self, template: str, method: str) -> frozenset[str]:
        """The query parameters of an operation."""
        return self._parameters.get((template, method), frozenset())

    @cached_property
    def _addresses(self) -> list[tuple[re.Pattern[str], set[str]]]:
        return [(compile_path(path)[0], set(operations)) for path, operations in self._app.openapi()["paths"].items()]

    @cached_property
    def _parameters(self) -> dict[tuple[str, str], frozenset[str]]:
        return {
            (path, method): frozenset(each["name"] for each in operation.get("parameters", []) if each["in"] == "query")
            for path, method, operation in self._operations()
        }

    def _operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, operations in self._app.openapi()["paths"].items():
            for method, operation in operations.items():
                yield path, method.upper(), operation
