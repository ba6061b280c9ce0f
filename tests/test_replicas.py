"""Reads from hot standbys: real ones, through lag, loss and promotion."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from alembic import command
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import SQLModel

from app.core.config import Settings
from app.core.errors import Busy
from app.database import replicas
from app.database.engine import build_alembic_config, create_store_engine, get_connect_arguments, open_write_transaction
from app.database.read_pool import ReadPool
from app.database.statements import ReadSession
from app.main import create_app
from tests.conftest import Store, settings_for
from tests.standbys import NO_STANDBYS, Cluster, cluster

REVISION = SQLModel.metadata.tables["revision"]


@pytest.fixture(scope="module")
def migrated() -> Iterator[Cluster]:
    """A primary with a migrated store, and two standbys that have it too."""
    with cluster() as servers:
        if servers is None:
            pytest.skip(NO_STANDBYS)
        engine = create_store_engine(Settings(database_url=servers.primary.url))
        command.upgrade(build_alembic_config(engine), "head")
        engine.dispose()
        servers.wait()
        yield servers


@asynccontextmanager
async def opened(servers: Cluster) -> AsyncIterator[ReadPool]:
    """The way of one process to the store: writes to whichever server takes them, reads from the standbys."""
    hosts = ",".join(f"127.0.0.1:{node.port}" for node in (servers.primary, *servers.standbys))
    settings = Settings(
        database_url=f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write&connect_timeout=2",
        replica_urls=[standby.url for standby in servers.standbys],
        threads=5,
    )
    ways = replicas.create_read_pool(settings)
    await ways.open()
    try:
        yield ways
    finally:
        await ways.close()
        ways.engine.dispose()


def write(engine: Engine) -> int:
    """Commit a revision; returns its number."""
    values = {"at": dt.datetime.now(dt.UTC), "author": "tests", "message": ""}
    with open_write_transaction(engine) as session:
        made = session.connection().execute(REVISION.insert().values(values).returning(REVISION.c.id))
        return int(made.scalar_one())


async def newest(reads: ReadSession) -> int:
    return (await reads.fetch_state()).revision


Ask = Callable[[int], Awaitable[int]]


def ways_to_ask(ways: ReadPool) -> list[Ask]:
    """The newest revision that a read is shown which has seen one already, in each way of reading."""

    async def session(at_least: int) -> int:
        def read() -> int:
            with ways.with_min_revision(at_least).open_session() as reads:
                return asyncio.run(newest(reads))

        return await asyncio.to_thread(read)

    return [
        lambda at_least: ways.with_min_revision(at_least).run(newest),
        lambda at_least: ways.with_min_revision(at_least).run_in_snapshot(newest),
        session,
    ]


def test_a_reader_who_names_what_he_has_seen_is_never_shown_less(migrated: Cluster) -> None:
    async def run() -> None:
        async with opened(migrated) as ways:
            first = write(ways.engine)
            await asyncio.to_thread(migrated.wait)
            for standby in migrated.standbys:
                standby.pause()
            try:
                written = write(ways.engine)
                for ask in ways_to_ask(ways):
                    assert [await ask(0) for _ in range(4)] == [first] * 4  # stale: what is to be avoided
                    assert [await ask(first) for _ in range(4)] == [first] * 4  # a standby will do
                    assert [await ask(written) for _ in range(4)] == [written] * 4
                assert await ways.run_on_primary(newest) == written
            finally:
                for standby in migrated.standbys:
                    standby.resume()
            await asyncio.to_thread(migrated.wait)
            assert [await ask(0) for ask in ways_to_ask(ways)] == [written] * 3

    asyncio.run(run())


def test_each_write_is_seen_by_the_reads_that_follow_it(migrated: Cluster) -> None:
    async def run() -> None:
        async with opened(migrated) as ways:
            for _ in range(30):
                written = await asyncio.to_thread(write, ways.engine)
                assert [await ways.with_min_revision(written).run(newest) for _ in range(3)] == [written] * 3

    asyncio.run(run())


def test_the_standbys_take_turns_and_the_primary_is_spared(migrated: Cluster) -> None:
    async def port(reads: ReadSession) -> Any:
        return reads.session.connection().exec_driver_sql("SELECT inet_server_port()").scalar_one()  # type: ignore[attr-defined]

    async def run() -> list[Any]:
        async with opened(migrated) as ways:
            return [await ways.run_in_snapshot(port) for _ in range(6)]

    asked = asyncio.run(run())

    assert asked in ([a, b] * 3 for a in asked[:1] for b in asked[1:2])
    assert set(asked) == {standby.port for standby in migrated.standbys}


def test_a_revision_that_never_was_is_left_to_the_primary_to_deny(migrated: Cluster) -> None:
    async def run() -> None:
        async with opened(migrated) as ways:
            written = write(ways.engine)
            assert [await ask(written + 1_000) for ask in ways_to_ask(ways)] == [written] * 3

    asyncio.run(run())


def test_over_http_a_client_is_never_shown_less_than_it_names(migrated: Cluster) -> None:
    with talking_to_all(migrated) as client:
        event = client.post("/events", json={"title": "Before", "date": "2024-06-19", "type": "consult"})
        at = event.headers["Location"]
        migrated.wait()
        tag = client.get(at).headers["ETag"]
        assert client.get(at, headers={"If-None-Match": tag}).status_code == 304
        for standby in migrated.standbys:
            standby.pause()
        try:
            changed = client.patch(at, json={"title": "After"})
            written, new_tag = changed.headers["Dateline-Revision"], changed.headers["ETag"]
            assert {client.get(at).json()["title"] for _ in range(4)} == {"Before"}  # stale: what is to be avoided
            for _ in range(4):
                assert client.get(f"{at}?min_revision={written}").json()["title"] == "After"
                assert client.get(at, headers={"If-None-Match": new_tag}).status_code == 304
                assert (
                    client.get("/changes?since=0&format=csv", headers={"If-None-Match": new_tag}).headers[
                        "Dateline-Revision"
                    ]
                    >= written
                )
                assert client.get(at, headers={"If-None-Match": tag}).status_code == 304  # nothing older than it has
            later = client.get(f"/events?min_revision={int(written) + 1}")
        finally:
            for standby in migrated.standbys:
                standby.resume()
        migrated.wait()
        assert {client.get(at).json()["title"] for _ in range(4)} == {"After"}

    assert later.status_code == 422
    assert later.json()["errors"][0]["field"] == "min_revision"
    assert later.json()["revision"] == int(written)


@contextmanager
def talking_to_all(servers: Cluster) -> Iterator[TestClient]:
    """HTTP with a key that may write, to a process that reads from the standbys."""
    urls = [standby.url for standby in servers.standbys]
    settings = settings_for(servers.primary.url).model_copy(update={"replica_urls": urls, "threads": 5})
    engine = create_store_engine(settings)
    headers = Store(servers.primary.url, engine).key()
    engine.dispose()
    with TestClient(create_app(settings), headers=headers, raise_server_exceptions=False) as client:
        yield client


# What follows breaks servers: each test has its own.


def on_its_own(test: Callable[[Cluster, ReadPool], Coroutine[Any, Any, None]]) -> None:
    async def run(servers: Cluster) -> None:
        async with opened(servers) as ways:
            await asyncio.to_thread(command.upgrade, build_alembic_config(ways.engine), "head")
            await asyncio.to_thread(servers.wait)
            await test(servers, ways)

    with cluster() as servers:
        if servers is None:
            pytest.skip(NO_STANDBYS)
        asyncio.run(run(servers))


def test_readers_go_on_through_the_loss_of_standbys_and_a_promotion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "_PAUSE", 0.5)

    async def through(servers: Cluster, ways: ReadPool) -> None:
        first, second = servers.standbys
        written = write(ways.engine)
        assert [await ways.with_min_revision(written).run(newest) for _ in range(4)] == [written] * 4

        second.kill()
        assert await answers_quickly(ways, written)
        second.start()
        await asyncio.to_thread(servers.wait)
        await asyncio.sleep(0.6)
        assert await answers_quickly(ways, written)
        await asyncio.to_thread(servers.wait)
        servers.primary.kill()
        assert await answers_quickly(ways, written)
        assert await ways.run_on_primary(newest) == written
        with pytest.raises(Busy):
            await ways.with_min_revision(written + 1).run(newest)

        first.promote()
        after = await asyncio.to_thread(write, ways.engine)
        assert after > written
        assert [await ask(after) for ask in ways_to_ask(ways)] == [after] * 3
        await asyncio.sleep(0.6)
        assert await ways.run_on_primary(newest) == after

    on_its_own(through)


async def answers_quickly(ways: ReadPool, at_least: int) -> bool:
    """Whether many readers at once, and in turn, all get what they must, and none waits for what is lost."""
    started = time.monotonic()
    at_once = await asyncio.gather(*(ways.with_min_revision(at_least).run(newest) for _ in range(10)))
    in_turn = [await ask(at_least) for ask in ways_to_ask(ways) for _ in range(4)]
    return {*at_once, *in_turn} == {at_least} and time.monotonic() - started < 4


# Settings


@pytest.mark.parametrize(
    "given",
    ["postgresql://a/x,postgresql://b:1,c:2/y", '["postgresql://a/x", "postgresql://b:1,c:2/y"]'],
)
def test_standbys_are_named_by_a_list_with_commas_or_in_json(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("DATELINE_DATABASE_URL", "postgresql://me:p%40ss@a:1,b/x?target_session_attrs=read-write")
    monkeypatch.setenv("DATELINE_REPLICA_URLS", given)

    settings = Settings()

    assert settings.replica_urls == ["postgresql://a/x", "postgresql:///y?host=b:1&host=c:2"]
    told = get_connect_arguments(create_store_engine(settings))
    assert (told["host"], told["port"], told["password"]) == ("a,b", "1,", "p@ss")
    assert told["target_session_attrs"] == "read-write"


@pytest.mark.parametrize(
    ("store", "given"),
    [
        ("sqlite:///store.db", "postgresql://a/x"),
        ("postgresql://a/x", "sqlite:///store.db"),
        ("postgresql://a/x", "nowhere"),
        ("postgresql://a/x", "[postgresql://a/x"),
    ],
)
def test_standbys_that_cannot_be_are_refused(monkeypatch: pytest.MonkeyPatch, store: str, given: str) -> None:
    monkeypatch.setenv("DATELINE_DATABASE_URL", store)
    monkeypatch.setenv("DATELINE_REPLICA_URLS", given)

    with pytest.raises(ValidationError, match="replica_urls"):
        Settings()
