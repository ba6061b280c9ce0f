"""Property tests: one name for Hypothesis' entry point, and the settings of all property tests."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

import hypothesis
from hypothesis import HealthCheck, settings

# The machine decides how long an example takes, so there is no deadline. A run repeats the examples of the run before.
settings.register_profile("dateline", deadline=None, max_examples=15, derandomize=True)
settings.load_profile("dateline")

for_all = hypothesis.given
"""Run a test on generated arguments, as ``@for_all(value=strategies.integers())``."""

shares_a_store = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
"""Let all examples of a test use one store: an example's rows do not matter to the next example."""


def for_all_with_few_on_postgresql(**strategies: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test on generated arguments, all on SQLite but only two of them on PostgreSQL.

    This is for properties that do not depend on the database. Explicit examples run on both: put ``@example`` below
    this decorator. The test shares one store between its examples.
    """

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        full = shares_a_store(for_all(**strategies)(test))
        brief = settings(shares_a_store, max_examples=2)(for_all(**strategies)(test))

        @functools.wraps(full)
        def run(*, backend: str, **fixtures: Any) -> None:
            (brief if backend == "postgresql" else full)(**fixtures)

        signature = inspect.signature(full)
        backend = inspect.Parameter("backend", inspect.Parameter.KEYWORD_ONLY, annotation=str)
        run.__signature__ = signature.replace(parameters=[*signature.parameters.values(), backend])  # type: ignore[attr-defined]
        return run

    return decorate
