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


def written(client: TestClient) -> None:
    """Give the seed a past: changes, deletions, and what refers to a later row of its own table."""
    ids = populate(client)
    later = make(client, "documents", ids, 1)
    client.patch(
        f"/documents/{ids['documents']}", json={"supersedes": later, "published_at": "2021-05-04T08:00:00.25Z"}
    )
    client.patch("/speakers/vladimir-putin", json={"aliases": ["VVP"], "title": None})
    client.patch(f"/statements/{ids['statements']}", json={"chain": []})
    client.delete("/documents/1")
    client.delete(f"/claims/{ids['claims']}")


def addresses(client: TestClient) -> list[str]:
    """Lists, records, their histories, and a few of them as they once were."""
    found = [f"/{noun}?limit=500&count=exact" for noun in NOUNS] + [
        "/changes?limit=500",
        "/revisions",
        SEARCH,
    ]
    for noun in NOUNS:
        for record in client.get(f"/{noun}?limit=500").json()["items"][:6]:
            found.append(f"/{noun}/{record['id']}")
        found += [f"/{noun}/{record['id']}/history", f"/{noun}/{record['id']}?as_of={revision(client) - 4}"]
    return [*found, "/documents/1", "/documents/1?as_of=1", "/documents/1/history"]


def answers(client: TestClient, addresses: list[str]) -> dict[str, tuple[int, bytes]]:
    headers = {"X-Request-ID": "same"}
    return {address: _answer(client.get(address, headers=headers)) for address in addresses}


def _answer(response: Any) -> tuple[int, bytes]:
    return response.status_code, response.content


def parsed(found: dict[str, tuple[int, bytes]]) -> dict[str, tuple[int, Any]]:
    return {address: (status, json.loads(body)) for address, (status, body) in found.items()}


def test_a_round_trip_gives_the_same_answers(
    application: FastAPI, writer: TestClient, store: Store, empty_store: Store, dateline: Dateline, tmp_path: Path
) -> None:
    written(writer)
    asked = addresses(writer)
    before = answers(writer, asked)

    assert dateline(store.url, "export", str(tmp_path / "store.jsonl")).exit_code == 0
    assert dateline(empty_store.url, "import", str(tmp_path / "store.jsonl")).exit_code == 0

    with talking_to(application, empty_store) as copy:
        assert answers(copy, asked) == before
    assert dateline(empty_store.url, "verify").exit_code == 0


def test_a_store_may_move_to_the_other_database(
    application: FastAPI, backend: str, templates: Templates, writer: TestClient, store: Store, dateline: Dateline
) -> None:
    written(writer)
    asked = addresses(writer)
    before = answers(writer, asked)
    [other] = set(BACKENDS) - {backend}

    with templates.copy(other, "migrated") as target:
        done = dateline(target.url, "import", "-", stdin=dateline(store.url, "export").stdout_bytes)
        assert done.exit_code == 0, done.output
        with talking_to(application, target) as copy:
            # Each database cuts the snippets of a search in its own way.
            after = parsed(answers(copy, asked)) | {SEARCH: parsed(before)[SEARCH]}
            assert after == parsed(before)


def test_an_export_of_an_import_is_the_export(store: Store, empty_store: Store, dateline: Dateline) -> None:
    exported = dateline(store.url, "export").stdout_bytes
    dateline(empty_store.url, "import", "-", stdin=exported)

    assert dateline(empty_store.url, "export").stdout_bytes == exported


def test_ids_and_revisions_go_on_where_the_export_ended(
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


def test_keys_stay_where_they_are(store: Store, dateline: Dateline) -> None:
    secret = store.key()["Authorization"].split("_")

    exported = dateline(store.url, "export").stdout_bytes.decode()

    assert "api_key" not in exported
    assert secret[1] not in exported


def test_an_export_is_one_json_object_a_line_with_its_head_first(store: Store, dateline: Dateline) -> None:
    head, *rows = (json.loads(line) for line in dateline(store.url, "export").stdout_bytes.splitlines())

    assert head["rows"] == len(rows)
    assert {row["table"] for row in rows} <= {table.name for table in TABLES}


def test_an_export_to_a_file_leaves_nothing_else_behind(store: Store, dateline: Dateline, tmp_path: Path) -> None:
    target = tmp_path / "store.jsonl"
    target.write_text("what was there before")

    assert dateline(store.url, "export", str(target)).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["store.jsonl"]
    assert target.read_bytes() == dateline(store.url, "export").stdout_bytes


def test_a_store_that_is_not_empty_takes_no_import(store: Store, dateline: Dateline) -> None:
    exported = dateline(store.url, "export").stdout_bytes

    done = dateline(store.url, "import", "-", stdin=exported)

    assert (done.exit_code, type(done.exception)) == (1, SystemExit)
    assert "not empty" in done.stderr
    assert dateline(store.url, "export").stdout_bytes == exported


def _row(change: Callable[[dict[str, Any]], object]) -> Callable[[list[bytes]], list[bytes]]:
    """Damage to the first row of the table ``document``."""

    def damage(lines: list[bytes]) -> list[bytes]:
        place = next(place for place, line in enumerate(lines) if b'"table":"document"' in line)
        content = json.loads(lines[place])
        change(content["row"])
        return [*lines[:place], json.dumps(content).encode(), *lines[place + 1 :]]

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
    "no id": _row(lambda row: row.pop("id")),
    "an id of text": _row(lambda row: row.update(id="first")),
    "an unknown column": _row(lambda row: row.update(nonsense=1)),
    "a column missing": _row(lambda row: row.pop("title")),
    "a needed value missing": _row(lambda row: row.update(text=None)),
    "a wrong moment": _row(lambda row: row.update(retrieved_at="yesterday")),
    "a reference to nothing": _row(lambda row: row.update(source_id=999)),
    "a succession to nothing": _row(lambda row: row.update(supersedes_id=999)),
    "a list for a text": _row(lambda row: row.update(title=["a"])),
    "a number for a text": _row(lambda row: row.update(title=7)),
}


@pytest.fixture(scope="session")
def exported(shared_store: Store) -> list[bytes]:
    """The lines of an export of the seed."""
    return [line.rstrip(b"\n") for line in jsonl.write(shared_store.engine)]


def test_a_damaged_export_is_refused_and_nothing_of_it_stays(
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


def test_a_refused_import_can_be_done_again(
    application: FastAPI, empty_store: Store, exported: list[bytes], dateline: Dateline
) -> None:
    dateline(empty_store.url, "import", "-", stdin=b"\n".join(exported[:-1]))

    done = dateline(empty_store.url, "import", "-", stdin=b"\n".join(exported))

    assert done.exit_code == 0, done.output
    with talking_to(application, empty_store) as copy:
        copy.headers |= empty_store.key()
        copied = make(copy, "sources", {}, 7)
        assert item(copy, "sources", copied)["name"] == body_of("sources", {}, 7)["name"]
