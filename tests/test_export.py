"""``dateline export`` and ``import``: a whole store as JSON lines, and back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from app.imports import export as jsonl
from app.queries.dump import TABLES
from tests.conftest import BACKENDS, Store, Templates, talking_to
from tests.test_cli import Dateline, dateline
from tests.test_writes import NOUNS, body_of, item, make, populate, revision

__all__ = ["dateline"]  # the fixture

SEARCH = "/search?q=treaty"


def write_history(client: TestClient) -> None:
    """Change and delete records of the seed, and let one refer to a later row of its own table."""
    ids = populate(client)
    later = make(client, "documents", ids, 1)
    client.patch(
        f"/documents/{ids['documents']}", json={"supersedes_id": later, "published_at": "2021-05-04T08:00:00.25Z"}
    )
    client.patch("/speakers/vladimir-putin", json={"aliases": ["VVP"], "title": None})
    client.patch(f"/statements/{ids['statements']}", json={"chain": []})
    client.delete("/documents/1")
    client.delete(f"/claims/{ids['claims']}")


def addresses(client: TestClient) -> list[str]:
    """Return the addresses of lists, records and histories, and of records as of an earlier revision."""
    paths = [f"/{noun}?limit=500&count=exact" for noun in NOUNS] + [
        "/changes?limit=500",
        "/revisions",
        SEARCH,
    ]
    for noun in NOUNS:
        for record in client.get(f"/{noun}?limit=500").json()["items"][:6]:
            paths.append(f"/{noun}/{record['id']}")
        paths += [f"/{noun}/{record['id']}/history", f"/{noun}/{record['id']}?as_of={revision(client) - 4}"]
    return [*paths, "/documents/1", "/documents/1?as_of=1", "/documents/1/history"]


def answers(client: TestClient, addresses: list[str]) -> dict[str, tuple[int, bytes]]:
    headers = {"X-Request-ID": "same"}
    responses = {address: client.get(address, headers=headers) for address in addresses}
    return {address: (response.status_code, response.content) for address, response in responses.items()}


def parsed(answers: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, Any]]:
    return {address: (status, json.loads(body)) for address, (status, body) in answers.items()}


@pytest.mark.expensive("copies whole stores")
def test_imported_export_gives_the_same_responses(
    application: FastAPI, writer: TestClient, store: Store, empty_store: Store, dateline: Dateline, tmp_path: Path
) -> None:
    write_history(writer)
    paths = addresses(writer)
    before = answers(writer, paths)

    assert dateline(store.url, "export", str(tmp_path / "store.jsonl")).exit_code == 0
    assert dateline(empty_store.url, "import", str(tmp_path / "store.jsonl")).exit_code == 0

    with talking_to(application, empty_store) as copy:
        assert answers(copy, paths) == before
    assert dateline(empty_store.url, "verify").exit_code == 0


@pytest.mark.expensive("copies whole stores")
def test_export_can_be_imported_to_the_other_database(
    application: FastAPI, backend: str, templates: Templates, writer: TestClient, store: Store, dateline: Dateline
) -> None:
    write_history(writer)
    paths = addresses(writer)
    before = answers(writer, paths)
    [other] = set(BACKENDS) - {backend}

    with templates.copy(other, "migrated") as target:
        done = dateline(target.url, "import", "-", stdin=dateline(store.url, "export").stdout_bytes)
        assert done.exit_code == 0, done.output
        with talking_to(application, target) as copy:
            # Each database cuts the snippets of a search in its own way.
            after = parsed(answers(copy, paths)) | {SEARCH: parsed(before)[SEARCH]}
            assert after == parsed(before)


def test_export_of_an_import_is_identical(store: Store, empty_store: Store, dateline: Dateline) -> None:
    exported = dateline(store.url, "export").stdout_bytes
    dateline(empty_store.url, "import", "-", stdin=exported)

    assert dateline(empty_store.url, "export").stdout_bytes == exported


def test_import_continues_ids_and_revisions(
    application: FastAPI,
    empty_writer: TestClient,
    empty_store: Store,
    templates: Templates,
    backend: str,
    dateline: Dateline,
) -> None:
    last = populate(empty_writer)
    for noun in reversed(NOUNS):
        assert empty_writer.delete(f"/{noun}/{last[noun]}").status_code == 204
    at = revision(empty_writer)

    with templates.copy(backend, "migrated") as target:
        dateline(target.url, "import", "-", stdin=dateline(empty_store.url, "export").stdout_bytes)
        with talking_to(application, target) as copy:
            copy.headers |= target.key()
            new = populate(copy)
            assert revision(copy) == at + len(NOUNS)
            assert {noun: new[noun] > last[noun] for noun in NOUNS} == dict.fromkeys(NOUNS, True)


def test_export_has_no_api_keys(store: Store, dateline: Dateline) -> None:
    secret = store.key()["Authorization"].split("_")

    exported = dateline(store.url, "export").stdout_bytes.decode()

    assert "api_key" not in exported
    assert secret[1] not in exported


def test_export_is_a_head_and_one_object_per_line(store: Store, dateline: Dateline) -> None:
    head, *rows = (json.loads(line) for line in dateline(store.url, "export").stdout_bytes.splitlines())

    assert head["rows"] == len(rows)
    assert {row["table"] for row in rows} <= {table.name for table in TABLES}


def test_export_to_a_file_leaves_no_temporary_file(store: Store, dateline: Dateline, tmp_path: Path) -> None:
    target = tmp_path / "store.jsonl"
    target.write_text("earlier content")

    assert dateline(store.url, "export", str(target)).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["store.jsonl"]
    assert target.read_bytes() == dateline(store.url, "export").stdout_bytes


def test_import_into_a_filled_store_is_refused(store: Store, dateline: Dateline) -> None:
    exported = dateline(store.url, "export").stdout_bytes

    done = dateline(store.url, "import", "-", stdin=exported)

    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "not empty" in done.stderr
    assert dateline(store.url, "export").stdout_bytes == exported


def damage_row(change: Callable[[dict[str, Any]], object]) -> Callable[[list[bytes]], list[bytes]]:
    """Return a function that changes the first row of the table ``document``."""

    def damage(lines: list[bytes]) -> list[bytes]:
        index = next(index for index, line in enumerate(lines) if b'"table":"document"' in line)
        content = json.loads(lines[index])
        change(content["row"])
        return [*lines[:index], json.dumps(content).encode(), *lines[index + 1 :]]

    return damage


DAMAGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "nothing": lambda lines: [],
    "no head": lambda lines: lines[1:],
    "another head": lambda lines: [b'{"dateline": "0000", "rows": 1}', *lines[1:]],
    "a head without a number": lambda lines: [lines[0].partition(b",")[0] + b"}", *lines[1:]],
    "a list for a head": lambda lines: [b"[1]", *lines[1:]],
    "cut between lines": lambda lines: lines[:-1],
    "cut after the head": lambda lines: lines[:1],
    "cut within a line": lambda lines: [*lines[:-1], lines[-1][: len(lines[-1]) // 2]],
    "a line twice": lambda lines: [*lines, lines[-1]],
    "a line missing": lambda lines: [*lines[:40], *lines[41:]],
    "not JSON": lambda lines: [*lines[:40], b"\x00\xff\xfe", *lines[41:]],
    "not an object": lambda lines: [*lines[:40], b"7", *lines[41:]],
    "another table": lambda lines: [*lines[:40], b'{"table": "api_key", "row": {}}', *lines[41:]],
    "rows backwards": lambda lines: [lines[0], *reversed(lines[1:])],
    "no id": damage_row(lambda row: row.pop("id")),
    "an id of text": damage_row(lambda row: row.update(id="first")),
    "an unknown column": damage_row(lambda row: row.update(nonsense=1)),
    "a column missing": damage_row(lambda row: row.pop("title")),
    "a needed value missing": damage_row(lambda row: row.update(text=None)),
    "a wrong moment": damage_row(lambda row: row.update(retrieved_at="yesterday")),
    "a reference to nothing": damage_row(lambda row: row.update(source_id=999)),
    "a succession to nothing": damage_row(lambda row: row.update(supersedes_id=999)),
    "a list for a text": damage_row(lambda row: row.update(title=["a"])),
    "a number for a text": damage_row(lambda row: row.update(title=7)),
}


@pytest.fixture(scope="session")
def exported(shared_store: Store) -> list[bytes]:
    """Return the lines of an export of the seed."""
    return [line.rstrip(b"\n") for line in jsonl.write(shared_store.engine)]


@pytest.mark.expensive("copies whole stores")
def test_damaged_export_is_refused_as_a_whole(
    empty_store: Store, exported: list[bytes], dateline: Dateline, subtests: pytest.Subtests
) -> None:
    for name, damage in DAMAGES.items():
        with subtests.test(name):
            done = dateline(empty_store.url, "import", "-", stdin=b"\n".join(damage(exported)) + b"\n")

            assert (done.exit_code, type(done.exception)) == (1, SystemExit), done.output
            assert done.stderr.strip()
            with empty_store.engine.connect() as connection:
                counts = [connection.execute(select(func.count()).select_from(table)).scalar_one() for table in TABLES]
            assert not any(counts)


def test_refused_import_can_be_repeated(
    application: FastAPI, empty_store: Store, exported: list[bytes], dateline: Dateline
) -> None:
    dateline(empty_store.url, "import", "-", stdin=b"\n".join(exported[:-1]))

    done = dateline(empty_store.url, "import", "-", stdin=b"\n".join(exported))

    assert done.exit_code == 0, done.output
    with talking_to(application, empty_store) as copy:
        copy.headers |= empty_store.key()
        copied = make(copy, "sources", {}, 7)
        assert item(copy, "sources", copied)["name"] == body_of("sources", {}, 7)["name"]
