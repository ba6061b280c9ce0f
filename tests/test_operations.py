"""``dateline backup``, ``restore`` and ``copy``, and ``serve`` with several workers."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest
from alembic import command
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.backup import stores
from app.database.engine import build_alembic_config, create_store_engine
from app.imports import export as jsonl
from tests.conftest import BACKENDS, Store, Templates, settings_for, talking_to
from tests.test_cli import Dateline, Server, dateline, nothing, serving
from tests.test_db import hold_writer_lock
from tests.test_docs import console_lines
from tests.test_export import SEARCH, answers, parsed, write_history
from tests.test_migrations import schema
from tests.test_writes import NOUNS, body_of, make, populate, revision

__all__ = ["dateline", "nothing"]  # the fixtures


def content(store: Store) -> bytes:
    """All that the store holds but for its keys."""
    return b"".join(jsonl.write(store.engine))


@contextmanager
def at(url: str) -> Iterator[Store]:
    engine = create_store_engine(settings_for(url))
    try:
        yield Store(url, engine)
    finally:
        engine.dispose()


def succeed(dateline: Dateline, url: str, *arguments: str, **settings: str) -> str:
    done = dateline(url, *arguments, **settings)
    assert done.exit_code == 0, done.output
    return done.stdout


def refuse(dateline: Dateline, url: str, *arguments: str, **settings: str) -> str:
    """Run the command, and return the message with which it fails; a traceback fails the test."""
    done = dateline(url, *arguments, **settings)
    assert (done.exit_code, type(done.exception)) == (1, SystemExit), done.output
    return " ".join(done.stderr.split())


@pytest.fixture(scope="session")
def backup_of_the_seed(shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("backups") / "saved.db"
    stores.backup(shared_store.engine, file, lambda *_: None)
    return file


@pytest.fixture
def saved(backup_of_the_seed: Path, tmp_path: Path) -> str:
    """Return the name of a backup of the seed that the test may change."""
    return str(shutil.copy(backup_of_the_seed, tmp_path))


# backup


def test_backup_is_a_complete_store(writer: TestClient, store: Store, dateline: Dateline, tmp_path: Path) -> None:
    write_history(writer)
    standbys = {"DATELINE_REPLICA_URLS": store.url} if store.engine.dialect.name == "postgresql" else {}

    said = succeed(dateline, store.url, "backup", "copy.db", **standbys)

    assert "SQLite" in said
    assert [path.name for path in tmp_path.iterdir()] == ["copy.db"]
    with at(f"sqlite:///{tmp_path}/copy.db") as copy:
        assert content(copy) == content(store)
        with copy.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM api_key")).scalar_one() == 1


@pytest.mark.expensive("copies whole stores, or starts processes")
def test_backup_during_writes_is_of_one_moment(
    writer: TestClient, store: Store, dateline: Dateline, tmp_path: Path
) -> None:
    done = Event()

    def write() -> int:
        number = 0
        while not done.is_set():
            number += 1
            ids = {"speakers": 1, "sources": 1}
            assert writer.post("/documents", json=body_of("documents", ids, number)).status_code == 201
        return number

    before = revision(writer)
    with ThreadPoolExecutor(1) as pool:
        writes = pool.submit(write)
        for number in range(2):
            succeed(dateline, store.url, "backup", f"{number}.db")
        done.set()
        assert writes.result() >= 2

    for file in sorted(tmp_path.glob("*.db")):
        with closing(sqlite3.connect(file)) as copy:
            last = copy.execute("SELECT max(id) FROM revision").fetchone()[0]
            assert copy.execute("SELECT count(*) FROM document WHERE revision_id > ?", [before]).fetchone() == (
                last - before,
            )
            assert copy.execute("PRAGMA foreign_key_check").fetchall() == []


def test_interrupted_backup_leaves_the_previous_one(store: Store, saved: str, tmp_path: Path) -> None:
    before = Path(saved).read_bytes()

    with pytest.raises(Interrupted):
        stores.backup(store.engine, Path(saved), interrupt)

    assert [path.name for path in tmp_path.iterdir()] == ["saved.db"]
    assert Path(saved).read_bytes() == before


class Interrupted(Exception):
    """As if the operator had pressed Ctrl-C."""


def interrupt(what: str, done: int, total: int) -> None:
    raise Interrupted


def test_store_of_an_older_version_can_be_backed_up(
    store: Store, dateline: Dateline, tmp_path: Path, empty_store: Store
) -> None:
    before, counted = rows_of_then(store), get_rows(store)
    command.downgrade(build_alembic_config(store.engine), "-1")

    succeed(dateline, store.url, "backup", "earlier.db")
    succeed(dateline, empty_store.url, "restore", "earlier.db")

    assert (rows_of_then(empty_store), get_rows(empty_store)) == (before, counted)


def rows_of_then(store: Store) -> list[bytes]:
    """Return the rows that the previous migration can hold: no matches, and no `utterance_by`."""
    lines = [line for line in lines_but_revisions(content(store)) if b'"table":"match"' not in line]
    return [re.sub(rb'"utterance_(by|confidence)":[^,]+,', b"", line) for line in lines]


def get_rows(store: Store) -> list[Any]:
    """Return the rows of the derived tables."""
    with store.engine.connect() as connection:
        return [
            sorted(map(tuple, connection.execute(text(f"SELECT {columns} FROM {table}"))))
            for table, columns in (
                ("origin", "event_id, key, documents"),
                ("voicing", "speaker_id, statement_id"),
                ("provenance", "document_id"),
                ("tally", "event_id, origins, statements"),
            )
        ]


def lines_but_revisions(exported: bytes) -> list[bytes]:
    return [line for line in exported.splitlines()[1:] if b'"table":"revision"' not in line]


@pytest.mark.parametrize("file", ["nowhere", "."])
def test_unwritable_path_is_named(store: Store, dateline: Dateline, file: str) -> None:
    done = dateline(store.url, "backup", file if file == "." else f"{file}/copy.db")

    assert done.exit_code != 0
    assert file in done.stderr
    assert "Traceback" not in done.output


def test_backup_over_the_store_itself_is_refused(dateline: Dateline, tmp_path: Path) -> None:
    succeed(dateline, f"sqlite:///{tmp_path}/store.db", "migrate")

    assert "itself" in refuse(dateline, f"sqlite:///{tmp_path}/store.db", "backup", "./store.db")


def test_backup_without_a_store_is_refused(dateline: Dateline, nothing: str, tmp_path: Path) -> None:
    assert "no store" in refuse(dateline, f"sqlite:///{tmp_path}/mistyped.db", "backup", "copy.db")
    assert re.search("empty|no store", refuse(dateline, nothing, "backup", "copy.db"))
    assert list(tmp_path.iterdir()) == []


# restore


@pytest.mark.expensive("copies whole stores, or starts processes")
def test_restored_store_has_a_new_revision(
    application: FastAPI, writer: TestClient, store: Store, dateline: Dateline
) -> None:
    write_history(writer)
    at_first, before, tag = revision(writer), content(store), writer.get("/events").headers["ETag"]
    succeed(dateline, store.url, "backup", "saved.db")
    writer.patch("/events/1", json={"title": "Changed after the backup"})
    lost = revision(writer)

    said = succeed(dateline, store.url, "restore", "saved.db", "--replace")

    assert lines_but_revisions(content(store)) == lines_but_revisions(before)
    assert revision(writer) == lost + 1 > at_first + 1
    assert str(lost + 1) in said
    newest = writer.get("/revisions").json()["items"][0]
    assert (newest["author"], newest["message"]) == ("dateline restore", "Restored saved.db")
    again = writer.get("/events", headers={"If-None-Match": tag})
    assert (again.status_code, again.headers["ETag"] == tag) == (200, False)


def test_etag_from_before_a_restore_is_412(writer: TestClient, store: Store, dateline: Dateline) -> None:
    succeed(dateline, store.url, "backup", "saved.db")
    for title in ("One", "Two", "Three"):
        lost = writer.patch("/events/1", json={"title": title}).headers["ETag"]
    succeed(dateline, store.url, "restore", "saved.db", "--replace")

    writer.patch("/events/1", json={"title": "By somebody else, after the restore"})

    assert writer.patch("/events/1", json={"title": "Four"}, headers={"If-Match": lost}).status_code == 412


def test_backup_restores_into_an_empty_database(
    application: FastAPI, store: Store, saved: str, dateline: Dateline, nothing: str
) -> None:
    succeed(dateline, nothing, "restore", saved)

    with at(nothing) as restored, talking_to(application, restored) as client:
        assert lines_but_revisions(content(restored)) == lines_but_revisions(content(store))
        client.headers |= restored.key()
        make(client, "sources", {}, 1)
        assert client.get(SEARCH).json()["items"]


def test_restore_over_records_needs_replace(store: Store, saved: str, dateline: Dateline, writer: TestClient) -> None:
    make(writer, "sources", {}, 1)
    before = content(store)

    assert "not empty" in refuse(dateline, store.url, "restore", saved)
    assert content(store) == before


def test_interrupted_restore_leaves_the_store_unchanged(
    store: Store, saved: str, writer: TestClient, tmp_path: Path
) -> None:
    make(writer, "sources", {}, 1)
    before = content(store)

    def interrupt_late(what: str, done: int, total: int) -> None:
        if what != "pages" or (store.engine.dialect.name == "sqlite" and done < total):
            raise Interrupted

    with pytest.raises(Interrupted):
        stores.restore(Path(saved), store.engine, replace=True, patience=1, report=interrupt_late)

    assert content(store) == before
    assert [path.name for path in tmp_path.iterdir()] == ["saved.db"]


@pytest.mark.expensive("copies whole stores, or starts processes")
def test_readers_see_the_store_before_or_after_a_restore(writer: TestClient, store: Store, dateline: Dateline) -> None:
    succeed(dateline, store.url, "backup", "saved.db")
    writer.patch("/events/1", json={"title": "After the backup"})
    titles, done = [], Event()

    def read() -> None:
        while not done.is_set():
            answer = writer.get("/events/1")
            titles.append((answer.status_code, answer.json().get("title")))

    with ThreadPoolExecutor(1) as pool:
        reads = pool.submit(read)
        succeed(dateline, store.url, "restore", "saved.db", "--replace")
        time.sleep(0.1)
        done.set()
        reads.result()

    assert titles[-1][1] != "After the backup"
    assert {status for status, _ in titles} == {200}
    assert len(set(titles)) <= 2
    assert writer.patch("/events/1", json={"title": "The server goes on writing"}).status_code == 200


def test_restore_gives_up_while_a_writer_holds_the_lock(store: Store, saved: str, dateline: Dateline) -> None:
    before = content(store)
    with hold_writer_lock(store):
        said = refuse(dateline, store.url, "restore", saved, "--replace", DATELINE_BUSY_TIMEOUT="2")

    assert "Another writer" in said
    assert content(store) == before


def test_damaged_backup_is_refused(saved: str, dateline: Dateline, empty_store: Store) -> None:
    whole = Path(saved).read_bytes()
    for cut in (10, 5_000, 100_000):
        Path(saved).write_bytes(whole[:cut])
        assert "saved.db" in refuse(dateline, empty_store.url, "restore", saved)

    assert len(content(empty_store).splitlines()) == 1


def test_file_that_is_no_store_is_refused(empty_store: Store, dateline: Dateline, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE recipe (name)")
    (tmp_path / "text.db").write_text("CREATE TABLE recipe (name)")

    for name in ("other.db", "text.db"):
        assert name in refuse(dateline, empty_store.url, "restore", name)


def test_backup_of_a_newer_version_is_refused(empty_store: Store, saved: str, dateline: Dateline) -> None:
    with closing(sqlite3.connect(saved)) as copy, copy:
        copy.execute("UPDATE alembic_version SET version_num = '9999'")

    assert "newer version" in refuse(dateline, empty_store.url, "restore", saved)


def test_foreign_tables_are_left_alone(nothing: str, saved: str, dateline: Dateline) -> None:
    with at(nothing) as other, other.engine.begin() as connection:
        connection.execute(text("CREATE TABLE recipe (name TEXT)"))

    assert "not Dateline's" in refuse(dateline, nothing, "restore", saved, "--replace")


# copy


@pytest.fixture
def other(backend: str, templates: Templates) -> Iterator[str]:
    """Return the URL of a database without any table, of the other backend than the store's."""
    [kind] = set(BACKENDS) - {backend}
    url = templates.new_database(kind)
    yield url
    templates.drop(url)


def sample(client: TestClient) -> list[str]:
    """Every list, the newest record of each with its history, what was deleted, and a search."""
    lists = [f"/{noun}?limit=500&count=exact" for noun in NOUNS]
    records = [f"/{noun}/{client.get(f'/{noun}').json()['items'][0]['id']}" for noun in NOUNS]
    histories = [f"{record}/history" for record in records]
    return [*lists, *records, *histories, "/changes?limit=500", "/documents/1", "/documents/1?as_of=1", SEARCH]


@pytest.mark.expensive("copies whole stores, or starts processes")
def test_copy_in_the_other_database_answers_the_same(
    application: FastAPI, writer: TestClient, store: Store, other: str, dateline: Dateline
) -> None:
    write_history(writer)
    addresses = sample(writer)
    before, key = parsed(answers(writer, addresses)), writer.headers["Authorization"]

    said = succeed(dateline, "sqlite:///unused.db", "copy", store.url, other)

    assert "rows copied" in said
    with at(other) as copy, talking_to(application, copy) as client:
        # Each database cuts the snippets of a search in its own way.
        after = parsed(answers(client, addresses))
        assert after | {SEARCH: 0} == before | {SEARCH: 0}
        assert len(after[SEARCH][1]["items"]) == len(before[SEARCH][1]["items"])
        assert content(copy) == content(store)
        client.headers["Authorization"] = key
        make(client, "sources", {}, 7)


@pytest.mark.expensive("copies whole stores, or starts processes")
def test_copy_has_rows_tables_indexes_and_constraints(
    store: Store, empty_store: Store, other: str, templates: Templates, dateline: Dateline
) -> None:
    succeed(dateline, "sqlite:///unused.db", "copy", store.url, empty_store.url)
    succeed(dateline, "sqlite:///unused.db", "copy", empty_store.url, other)

    with at(other) as copy, templates.copy(copy.engine.dialect.name, "migrated") as made:
        assert schema(copy.engine) == schema(made.engine)
        assert content(copy) == content(empty_store) == content(store)
    assert schema(empty_store.engine) == schema(store.engine)


def test_copy_does_not_reuse_deleted_ids(
    application: FastAPI, empty_writer: TestClient, empty_store: Store, other: str, dateline: Dateline
) -> None:
    last = populate(empty_writer)
    for noun in reversed(NOUNS):
        assert empty_writer.delete(f"/{noun}/{last[noun]}").status_code == 204

    succeed(dateline, "sqlite:///unused.db", "copy", empty_store.url, other)

    with at(other) as copy, talking_to(application, copy) as client:
        client.headers |= copy.key()
        new = populate(client)
    assert {noun: new[noun] > last[noun] for noun in NOUNS} == dict.fromkeys(NOUNS, True)


def test_copy_into_a_filled_database_is_refused(store: Store, shared_store: Store, dateline: Dateline) -> None:
    before = content(store)

    assert "not empty" in refuse(dateline, "sqlite:///unused.db", "copy", shared_store.url, store.url)
    assert content(store) == before


def test_interrupted_copy_can_be_repeated(shared_store: Store, other: str) -> None:
    with at(other) as target:
        with pytest.raises(Interrupted):
            stores.copy(shared_store.engine, target.engine, patience=1, report=interrupt)
        stores.copy(shared_store.engine, target.engine, patience=1, report=lambda *_: None)

        assert content(target) == content(shared_store)


def test_mistyped_url_is_named_and_makes_no_file(empty_store: Store, dateline: Dateline, tmp_path: Path) -> None:
    assert "mistyped.db" in refuse(dateline, "sqlite:///unused.db", "copy", "sqlite:///mistyped.db", empty_store.url)
    assert "sqlite" in refuse(dateline, "sqlite:///unused.db", "copy", "mysql://localhost/store", empty_store.url)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.expensive("copies whole stores, or starts processes")
def test_commands_of_the_guide_work(writer: TestClient, store: Store, other: str, dateline: Dateline) -> None:
    guide = (Path(__file__).parent.parent / "docs" / "deploy.md").read_text(encoding="utf-8")
    real = {"sqlite:///dateline.db": store.url, "postgresql://dateline@localhost/dateline": other}

    for line in console_lines(guide):
        before, words = line.split("dateline ", 1)
        url = before.strip().removeprefix("DATELINE_DATABASE_URL=") or store.url
        succeed(dateline, url, *(real.get(word, word) for word in words.split()))

    with at(other) as copy:
        assert content(copy) == content(store)


# serve --workers

HANGS_AFTER = 180
"""Seconds after which a test gives up."""


def worker_ids(server: Server) -> list[int]:
    """Return the ids of the server's worker processes."""
    listed = subprocess.run(["ps", "-Aww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    children = (line.split(maxsplit=2) for line in listed.splitlines())
    return [int(pid) for pid, parent, args in children if int(parent) == server.process.pid and "spawn_main" in args]


@contextmanager
def connected(server: Server, other_workers: list[int]) -> Iterator[httpx.Client]:
    """Yield a connection to the one worker that is not in ``other_workers``.

    The others are stopped until it has accepted, but each time for less than the 5 s after which uvicorn replaces
    them.
    """
    with httpx.Client(base_url=server.address, trust_env=False) as client:
        until(lambda: answered_without(client, other_workers), pause=1)
        yield client


def answered_without(client: httpx.Client, other_workers: list[int]) -> bool:
    for worker in other_workers:
        os.kill(worker, signal.SIGSTOP)
    try:
        return client.get("/healthz", timeout=2).status_code == 200
    except httpx.TransportError:
        return False
    finally:
        for worker in other_workers:
            os.kill(worker, signal.SIGCONT)


def until(condition: Callable[[], bool], pause: float = 0.05) -> None:
    deadline = time.monotonic() + HANGS_AFTER
    while not condition():
        assert time.monotonic() < deadline, "the condition did not become true in time"
        time.sleep(pause)


@pytest.mark.expensive("copies whole stores, or starts processes")
@pytest.mark.skipif(shutil.which("ps") is None, reason="no ps to list processes with")
def test_workers_share_writes_restart_and_stop(store: Store) -> None:
    headers = store.key()
    with serving(store.url, "--workers", "2") as server:
        one, two = worker_ids(server)
        with connected(server, [two]) as first, connected(server, [one]) as second:
            for number, (writes, reads) in enumerate([(first, second), (second, first)] * 3):
                tag = reads.get("/events/1").headers["ETag"]
                assert reads.get("/events/1", headers={"If-None-Match": tag}).status_code == 304
                wrote = writes.patch("/events/1", json={"title": f"Title {number}"}, headers=headers)
                seen = reads.get("/events/1", headers={"If-None-Match": tag})
                assert (wrote.status_code, seen.status_code) == (200, 200)
                assert seen.json()["title"] == f"Title {number}"
                assert seen.headers["Dateline-Revision"] == wrote.headers["Dateline-Revision"]

        os.kill(one, signal.SIGKILL)
        until(lambda: len(set(worker_ids(server)) - {one}) == 2)
        with connected(server, [two]) as third:
            assert third.get("/events/1").json()["title"] == "Title 5"

        assert server.stop() in (0, -signal.SIGTERM)
    assert "Traceback" not in server.output
