"""Random requests of schemathesis, valid and not: the OpenAPI document allows every response, and none is a 5xx.

The requests have a key for writes, so they also create, change and delete records.
"""

import copy
from collections.abc import Iterator
from typing import Any, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.python import asgi
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
)

from tests.conftest import Store, Templates, talking_to
from tests.properties import shares_a_store
from tests.test_openapi import APPLICATION, DOCUMENT

project = ProjectConfig()
# Without the phase that tries all bounds of all fields, which makes 4,000 requests.
project.phases.update(phases=["fuzzing"])
# The document without tokens in addresses: invented tokens would only be refused.
WITHOUT_TOKENS: dict[str, Any] = copy.deepcopy(DOCUMENT)
del WITHOUT_TOKENS["components"]["securitySchemes"]["token"]
for operations in WITHOUT_TOKENS["paths"].values():
    for operation in operations.values():
        operation["security"] = [scheme for scheme in operation.get("security", []) if scheme != {"token": []}]
schema = schemathesis.openapi.from_dict(
    WITHOUT_TOKENS, config=SchemathesisConfig(seed=1, projects=ProjectsConfig(default=project))
)
schema.app = APPLICATION

schemathesis.serializer.alias(["application/jsonl", "application/x-ndjson"], "text/plain")

# The document cannot express all rules: AA is no country, and a quotation must be in its document.
EXCLUDED_CHECKS: list[Any] = [positive_data_acceptance]


@pytest.fixture(scope="module")
def fuzzed_store(templates: Templates) -> Iterator[Store]:
    """Yield a seeded store for all operations, on PostgreSQL if there is one: it is stricter than SQLite.

    The tests of house rules try values at the bounds on SQLite too.
    """
    try:
        backend = templates.template("postgresql", "seeded") and "postgresql"
    except pytest.skip.Exception:
        backend = "sqlite"
    with templates.copy(backend, "seeded") as copy:
        yield copy


@pytest.fixture(scope="module")
def session(fuzzed_store: Store) -> Iterator[asgi.ASGIClient]:
    """Yield a client of that store with a key for writes."""
    with talking_to(APPLICATION, fuzzed_store), asgi.get_client(cast(Any, APPLICATION)) as client:
        client.headers.update(fuzzed_store.key())
        yield client


# The stream of changes never ends.
@pytest.mark.expensive("asks every operation")
@schema.exclude(path="/changes/stream").parametrize()
@settings(shares_a_store, max_examples=8, suppress_health_check=list(HealthCheck))
def test_response_is_documented_and_never_a_5xx(case: schemathesis.Case[Any], session: asgi.ASGIClient) -> None:
    # A number instead of a text is a valid line of the body too.
    excluded = [*EXCLUDED_CHECKS, negative_data_rejection] if case.path == "/imports" else EXCLUDED_CHECKS
    # The document leaves flat rows out, so that generated clients have one shape a list.
    excluded = [*excluded, response_schema_conformance] if (case.query or {}).get("flat") else excluded
    case.call_and_validate(session=session, excluded_checks=excluded)
