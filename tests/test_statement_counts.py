"""The number of SQL statements of a list: few, and as many for a long page as for a short one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.database.engine import open_read_transaction
from app.database.reads import PreparedSelect, ReadFunction, ReadPool, Row, ThreadReadSession, Values
from tests.conftest import Store
from tests.data.lists import LISTS, List, read

T = TypeVar("T")

MOST = 3

# SQLite has to be asked of each kind of record how common the words are in it.
MOST_OF_A_SEARCH = 6

# Each table that an analysis rests on is read by itself.
MOST_OF_AN_ANALYSIS = 14

PLAIN = [(list_, "") for list_ in LISTS]
NAMED = [(list_, f"&{list_.named}") for list_ in LISTS if list_.named]


class Plain(ThreadReadSession):
    def _run(self, statement: PreparedSelect, values: Values) -> Sequence[Row]:
        return self.session.connection().execute(statement.select, values).all()


class Watched(ReadPool):
    """Reads where SQLAlchemy can tell of them, as a process does that the quick ways are barred to."""

    async def run(self, work: ReadFunction[T]) -> T:
        return await self.run_in_snapshot(work)

    @contextmanager
    def open_session(self) -> Iterator[ThreadReadSession]:
        with open_read_transaction(self.engine) as session:
            yield Plain(session)


@pytest.fixture(autouse=True)
def _watched(application: FastAPI, reader: TestClient, shared_store: Store) -> Iterator[None]:
    before, application.state.read_pool = application.state.read_pool, Watched(shared_store.engine)
    yield
    application.state.read_pool = before


@contextmanager
def statements(store: Store) -> Iterator[list[str]]:
    """Collect the SQL statements sent to the store, except those that begin and end a transaction."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.split()[0].upper() not in ("BEGIN", "COMMIT", "ROLLBACK"):
            sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def count(client: TestClient, store: Store, address: str) -> int:
    with statements(store) as sent:
        read(client, address)
    return len(sent)


@pytest.mark.parametrize(("list_", "names"), PLAIN + NAMED, ids=str)
def test_list_takes_few_statements_with_any_page_size(
    reader: TestClient, shared_store: Store, list_: List, names: str
) -> None:
    counts = {limit: count(reader, shared_store, list_.query(f"limit={limit}{names}")) for limit in (1, 50)}

    assert counts[1] == counts[50]
    assert counts[50] <= most(list_)


def most(list_: List) -> int:
    if list_.computed:
        return MOST_OF_AN_ANALYSIS
    return MOST_OF_A_SEARCH if list_.address.startswith("/search") else MOST


@pytest.mark.parametrize("list_", [list_ for list_ in LISTS if list_.counted and not list_.computed], ids=str)
def test_exact_count_takes_one_more_statement(reader: TestClient, shared_store: Store, list_: List) -> None:
    plain = count(reader, shared_store, list_.query("limit=1"))

    assert count(reader, shared_store, list_.query("limit=1&count=exact")) == plain + 1


def test_unchanged_answer_takes_at_most_one_statement(reader: TestClient, shared_store: Store) -> None:
    tag = reader.get("/events").headers["ETag"]

    with statements(shared_store) as sent:
        assert reader.get("/events", headers={"If-None-Match": tag}).status_code == 304

    assert len(sent) <= 1
