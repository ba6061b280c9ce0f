"""Whatever a client may send, the answer is one that the OpenAPI document promises, and never a 5xx.

schemathesis makes random requests from the document, valid and not. The key may write, so that records are made,
changed and deleted on the way.
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
from tests.test_openapi import APPLICATION, DOCUMENT

project = ProjectConfig()
# All bounds of all fields of an operation, one after the other, are four thousand requests: left to chance.
project.phases.update(phases=["fuzzing"])
# Without the word that a token may stand in addresses: made-up ones would only be refused.
UNTOKENED: dict[str, Any] = copy.deepcopy(DOCUMENT)
del UNTOKENED["components"]["securitySchemes"]["token"]
for operations in UNTOKENED["paths"].values():
    for operation in operations.values():
        operation["security"] = [each for each in operation.get("security", []) if each != {"token": []}]
schema = schemathesis.openapi.from_dict(
    UNTOKENED, config=SchemathesisConfig(seed=1, projects=ProjectsConfig(default=project))
)
schema.app = APPLICATION

schemathesis.serializer.alias(["application/jsonl", "application/x-ndjson"], "text/plain")

# The document cannot say all: that AA is no country, that these words do not stand in that document.
UNTOLD: list[Any] = [positive_data_acceptance]


@pytest.fixture(scope="module")
def fuzzed_store(templates: Templates) -> Iterator[Store]:
    """A seeded store on which all operations are tried, one after the other: on PostgreSQL, the stricter of the two.

    What becomes of values at the bounds on SQLite is in the tests of house rules.
    """
    try:
        backend = templates.template("postgresql", "seeded") and "postgresql"
    except pytest.skip.Exception:
        backend = "sqlite"
    with templates.copy(backend, "seeded") as copy:
        yield copy


@pytest.fixture(scope="module")
def session(fuzzed_store: Store) -> Iterator[asgi.ASGIClient]:
    """HTTP to that store, with a key that may write."""
    with talking_to(APPLICATION, fuzzed_store), asgi.get_client(cast(Any, APPLICATION)) as client:
        client.headers.update(fuzzed_store.key())
        yield client


# A stream that is answered has no end.
@schema.exclude(path="/changes/stream").parametrize()
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_promises(case: schemathesis.Case[Any], session: asgi.ASGIClient) -> None:
    # A body of lines that is not text, but a number, is a line all the same.
    untold = [*UNTOLD, negative_data_rejection] if case.path == "/imports" else UNTOLD
    # Flat rows are left out of the document, so that clients know the others.
    untold = [*untold, response_schema_conformance] if (case.query or {}).get("flat") else untold
    case.call_and_validate(session=session, excluded_checks=untold)
