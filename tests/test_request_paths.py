"""The functions that a request enters: few enough that a newcomer can follow one from the router to the database."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from app.core.config import Settings
from app.main import create_app
from tests.conftest import Store, Templates

APP = f"{Path(__file__).parent.parent / 'app'}/"


class Trace:
    """The functions of ``app/`` that were entered while it was on, by file; comprehensions count as functions."""

    def __init__(self) -> None:
        self.functions: dict[str, set[str]] = defaultdict(set)
        self.is_on = False

    def __call__(self, frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if self.is_on and event == "call" and code.co_filename.startswith(APP) and code.co_name != "<module>":
            self.functions[code.co_filename.removeprefix(APP)].add(code.co_qualname)

    def record(self, send: Callable[[], Response]) -> Response:
        """Send a request twice, and record the second one: the first fills the caches."""
        send()
        self.is_on = True
        response = send()
        self.is_on = False
        return response

    def check(self, *, most_functions: int, most_files: int) -> None:
        """Fail, with a list of the functions, if there are too many."""
        count = sum(map(len, self.functions.values()))
        lines = [f"  {file}: {', '.join(sorted(names))}" for file, names in sorted(self.functions.items())]
        if count > most_functions or len(lines) > most_files:
            limits = f"{most_functions} in {most_files} are allowed"
            pytest.fail("\n".join((f"{count} functions in {len(lines)} files, {limits}:", *lines)), pytrace=False)


@pytest.fixture
def trace() -> Iterator[Trace]:
    """Trace the threads that start from now on."""
    before, trace = threading.getprofile(), Trace()
    threading.setprofile(trace)
    yield trace
    threading.setprofile(before)


@pytest.fixture
def sqlite_store(templates: Templates) -> Iterator[Store]:
    with templates.copy("sqlite", "seeded") as copy:
        yield copy


@pytest.fixture
def traced_client(trace: Trace, sqlite_store: Store) -> Iterator[TestClient]:
    """Return a client of an application without a response cache, whose threads are traced."""
    settings = Settings(database_url=sqlite_store.url, log_level="CRITICAL", cache_bytes=0)
    with TestClient(create_app(settings)) as client:
        yield client


def test_post_of_a_document_enters_few_functions(trace: Trace, traced_client: TestClient, sqlite_store: Store) -> None:
    headers, numbers = sqlite_store.key(), iter("12")

    def send() -> Response:
        number = next(numbers)
        words = f"we will sign it {number}"
        span = {"start": 19, "end": 19 + len(words), "exact": words}
        body = {
            "source": "meduza",
            "title": f"The treaty, part {number}",
            "language": "en",
            "text": f'The minister said "{words}" today.',
            "published": "2024-06-19",
            "statements": [{"speaker": "vladimir-putin", "kind": "direct", "span": span}],
        }
        return traced_client.post("/documents", headers=headers, json=body)

    assert trace.record(send).status_code == 201
    trace.check(most_functions=120, most_files=25)


def test_get_of_origins_enters_few_functions(trace: Trace, traced_client: TestClient) -> None:
    assert trace.record(lambda: traced_client.get("/events/1/origins")).status_code == 200
    trace.check(most_functions=90, most_files=16)
