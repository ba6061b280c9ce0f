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
from app.database.reads import ReadPool, ReadSession
from app.main import create_app
from tests.conftest import Store, settings_for
from tests.standbys import NO_STANDBYS, Cluster, cluster

REVISION = SQLModel.metadata.tables["revision"]


@pytest.fixture(scope="module")
def migrated() -> Iterator[Cluster]:
    """Start a primary with a migrated store, and two standbys."""
    with cluster() as servers:
        if servers is None:
            pytest.skip(NO_STANDBYS)
        engine = create_store_engine(Settings(database_url=servers.primary.url))
        command.upgrade(build_alembic_config(engine), "head")
        engine.dispose()
        servers.wait()
        yield servers


@asynccontextmanager
async def open_pool(servers: Cluster) -> AsyncIterator[ReadPool]:
    """Open a read pool over the standbys, whose engine writes to the server that accepts writes."""
    hosts = ",".join(f"127.0.0.1:{node.port}" for node in (servers.primary, *servers.standbys))
    settings = Settings(
        database_url=f"postgresql://postgres@{hosts}/postgres?target_session_attrs=read-write&connect_timeout=2",
        replica_urls=[standby.url for standby in servers.standbys],
        threads=5,
    )
    pool = replicas.create_read_pool(settings)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()
        pool.engine.dispose()


def write(engine: Engine) -> int:
    """Commit a revision and return its number."""
    values = {"at": dt.datetime.now(dt.UTC), "author": "tests", "message": ""}
    with open_write_transaction(engine) as session:
        made = session.connection().execute(REVISION.insert().values(values).returning(REVISION.c.id))
        return int(made.scalar_one())


async def newest(reads: ReadSession) -> int:
    return (await reads.fetch_state()).revision


Reader = Callable[[int], Awaitable[int]]


def list_readers(pool: ReadPool) -> list[Reader]:
    """Return a function for each way of reading, which reads the newest revision, at least a given one."""

    async def session(at_least: int) -> int:
        def read() -> int:
            with pool.with_min_revision(at_least).open_session() as reads:
                return asyncio.run(newest(reads))

        return await asyncio.to_thread(read)

    return [
        lambda at_least: pool.with_min_revision(at_least).run(newest),
        lambda at_least: pool.with_min_revision(at_least).run_in_snapshot(newest),
        session,
    ]


def test_read_with_min_revision_is_never_older(migrated: Cluster) -> None:
    async def run() -> None:
        async with open_pool(migrated) as pool:
            first = write(pool.engine)
            await asyncio.to_thread(migrated.wait)
            for standby in migrated.standbys:
                standby.pause()
            try:
                written = write(pool.engine)
                for read in list_readers(pool):
                    assert [await read(0) for _ in range(4)] == [first] * 4  # stale: what is to be avoided
                    assert [await read(first) for _ in range(4)] == [first] * 4  # a standby will do
                    assert [await read(written) for _ in range(4)] == [written] * 4
                assert await pool.run_on_primary(newest) == written
            finally:
                for standby in migrated.standbys:
                    standby.resume()
            await asyncio.to_thread(migrated.wait)
            assert [await read(0) for read in list_readers(pool)] == [written] * 3

    asyncio.run(run())


def test_write_is_visible_to_the_next_reads(migrated: Cluster) -> None:
    async def run() -> None:
        async with open_pool(migrated) as pool:
            for _ in range(30):
                written = await asyncio.to_thread(write, pool.engine)
                assert [await pool.with_min_revision(written).run(newest) for _ in range(3)] == [written] * 3

    asyncio.run(run())


def test_standbys_take_turns_without_the_primary(migrated: Cluster) -> None:
    async def port(reads: ReadSession) -> Any:
        return reads.session.connection().exec_driver_sql("SELECT inet_server_port()").scalar_one()  # type: ignore[attr-defined]

    async def run() -> list[Any]:
        async with open_pool(migrated) as pool:
            return [await pool.run_in_snapshot(port) for _ in range(6)]

    ports = asyncio.run(run())

    assert ports == ports[:2] * 3
    assert set(ports) == {standby.port for standby in migrated.standbys}


def test_nonexistent_revision_is_read_from_the_primary(migrated: Cluster) -> None:
    async def run() -> None:
        async with open_pool(migrated) as pool:
            written = write(pool.engine)
            assert [await read(written + 1_000) for read in list_readers(pool)] == [written] * 3

    asyncio.run(run())


def test_client_with_a_revision_never_gets_an_older_one(migrated: Cluster) -> None:
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
    """Open a client with a write key, of an application that reads from the standbys."""
    urls = [standby.url for standby in servers.standbys]
    settings = settings_for(servers.primary.url).model_copy(update={"replica_urls": urls, "threads": 5})
    engine = create_store_engine(settings)
    headers = Store(servers.primary.url, engine).key()
    engine.dispose()
    with TestClient(create_app(settings), headers=headers, raise_server_exceptions=False) as client:
        yield client


# The following test stops servers, so it has its own.


def run_on_own_cluster(test: Callable[[Cluster, ReadPool], Coroutine[Any, Any, None]]) -> None:
    async def run(servers: Cluster) -> None:
        async with open_pool(servers) as pool:
            await asyncio.to_thread(command.upgrade, build_alembic_config(pool.engine), "head")
            await asyncio.to_thread(servers.wait)
            await test(servers, pool)

    with cluster() as servers:
        if servers is None:
            pytest.skip(NO_STANDBYS)
        asyncio.run(run(servers))


@pytest.mark.expensive("starts standbys")
def test_reads_survive_lost_standbys_and_a_promotion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replicas, "_PAUSE", 0.5)

    async def through(servers: Cluster, pool: ReadPool) -> None:
        first, second = servers.standbys
        written = write(pool.engine)
        assert [await pool.with_min_revision(written).run(newest) for _ in range(4)] == [written] * 4

        second.kill()
        assert await reads_without_waiting(pool, written)
        second.start()
        await asyncio.to_thread(servers.wait)
        await asyncio.sleep(0.6)
        assert await reads_without_waiting(pool, written)
        await asyncio.to_thread(servers.wait)
        servers.primary.kill()
        assert await reads_without_waiting(pool, written)
        assert await pool.run_on_primary(newest) == written
        with pytest.raises(Busy):
            await pool.with_min_revision(written + 1).run(newest)

        first.promote()
        after = await asyncio.to_thread(write, pool.engine)
        assert after > written
        assert [await read(after) for read in list_readers(pool)] == [after] * 3
        await asyncio.sleep(0.6)
        assert await pool.run_on_primary(newest) == after

    run_on_own_cluster(through)


async def reads_without_waiting(pool: ReadPool, at_least: int) -> bool:
    """Return True if concurrent and sequential reads get the revision, without waiting for lost servers each time."""
    started = time.monotonic()
    at_once = await asyncio.gather(*(pool.with_min_revision(at_least).run(newest) for _ in range(10)))
    in_turn = [await read(at_least) for read in list_readers(pool) for _ in range(4)]
    return {*at_once, *in_turn} == {at_least} and time.monotonic() - started < 15  # each wait would take 2 s


# Settings


@pytest.mark.parametrize(
    "urls",
    ["postgresql://a/x,postgresql://b:1,c:2/y", '["postgresql://a/x", "postgresql://b:1,c:2/y"]'],
)
def test_standbys_are_set_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch, urls: str) -> None:
    monkeypatch.setenv("DATELINE_DATABASE_URL", "postgresql://me:p%40ss@a:1,b/x?target_session_attrs=read-write")
    monkeypatch.setenv("DATELINE_REPLICA_URLS", urls)

    settings = Settings()

    assert settings.replica_urls == ["postgresql://a/x", "postgresql:///y?host=b:1&host=c:2"]
    arguments = get_connect_arguments(create_store_engine(settings))
    assert (arguments["host"], arguments["port"], arguments["password"]) == ("a,b", "1,", "p@ss")
    assert arguments["target_session_attrs"] == "read-write"


@pytest.mark.parametrize(
    ("store", "urls"),
    [
        ("sqlite:///store.db", "postgresql://a/x"),
        ("postgresql://a/x", "sqlite:///store.db"),
        ("postgresql://a/x", "nowhere"),
        ("postgresql://a/x", "[postgresql://a/x"),
    ],
)
def test_invalid_standbys_are_refused(monkeypatch: pytest.MonkeyPatch, store: str, urls: str) -> None:
    monkeypatch.setenv("DATELINE_DATABASE_URL", store)
    monkeypatch.setenv("DATELINE_REPLICA_URLS", urls)

    with pytest.raises(ValidationError, match="replica_urls"):
        Settings()
