"""The loader of the imports: batches, full text, tallies, and the resumption of a stopped import."""

import gzip
import json
import os
import re
import shlex
import signal
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from app.core.errors import Conflict
from app.imports import files
from app.store.derived import counts
from tests.conftest import Store, talking_to
from tests.data import acled
from tests.data.gdelt import event, mention, write
from tests.test_cli import COMMAND, Dateline, dateline, environment
from tests.test_import_gdelt import items, summary
from tests.test_statement_counts import statements

__all__ = ["dateline"]  # the fixture


def dump(store: Store, table: str) -> list[tuple[Any, ...]]:
    with store.engine.connect() as connection:
        return sorted(tuple(row) for row in connection.execute(text(f"SELECT * FROM {table}")))


def lines(number: int) -> Iterator[str]:
    """Generate lines of ``export.CSV``: one in ten of them bad, three events to an article."""
    for row in range(1, number + 1):
        url = f"https://outlet{row % 7}.example/{row // 3}"
        yield event(row, SOURCEURL=url, ActionGeo_Lat="north" if row % 10 == 0 else "39.5")


def test_each_batch_is_a_revision_of_its_own(
    dateline: Dateline, empty_store: Store, empty_writer: TestClient, tmp_path: Path
) -> None:
    write(tmp_path / "news.export.CSV", map(event, range(1, 6)))

    dateline(empty_store.url, "import", "--batch-size", "2", "news.export.CSV")

    revisions = items(empty_writer, "/revisions")
    assert [(revision["author"], revision["message"]) for revision in revisions] == [
        ("dateline import", "Import of news.export.CSV")
    ] * 3
    newest = {item["external_id"]: item["revision"] for item in items(empty_writer, "/events")}
    assert newest == {f"gdelt:{number}": (number + 1) // 2 for number in range(1, 6)}
    assert [item["operation"] for item in items(empty_writer, "/changes?since=2")] == ["create"] * 3


def test_a_file_is_read_twice_only_with_again(
    dateline: Dateline, empty_store: Store, empty_writer: TestClient, tmp_path: Path
) -> None:
    write(tmp_path / "news.export.CSV", map(event, range(1, 6)))
    write(tmp_path / "same.export.CSV", map(event, range(1, 6)))
    dateline(empty_store.url, "import", "news.export.CSV")

    skipped = dateline(empty_store.url, "import", "same.export.CSV")
    again = dateline(empty_store.url, "import", "same.export.CSV", "--again")

    assert (skipped.exit_code, summary(skipped.stdout)) == (0, {})
    assert "same.export.CSV has been read before" in skipped.stdout
    assert summary(again.stdout) == {"unchanged": 5}
    assert len(items(empty_writer, "/revisions")) == 1


def test_sql_statements_depend_on_batches_not_rows(dateline: Dateline, empty_store: Store, tmp_path: Path) -> None:
    def sent(first: int, number: int) -> int:
        path = write(tmp_path / f"{first}.export.CSV", map(event, range(first, first + number)))
        source = files.Source(path, path.name, tmp_path / "rejects")
        with statements(empty_store) as sent:
            done = files.begin(empty_store.engine, source, format="gdelt-events")
            for _ in files.read(empty_store.engine, source, done, format="gdelt-events"):
                pass
        return len(sent)

    sent(1, 1)  # brings the outlet

    assert sent(1001, 3) == sent(2001, 300)


def test_imported_rows_are_searchable_and_counted(
    application: FastAPI, dateline: Dateline, store: Store, tmp_path: Path
) -> None:
    triggers = triggers_of(store)
    write(tmp_path / "a.export.CSV", lines(60))
    write(tmp_path / "b.export.CSV", [event(1, EventCode="190"), *map(event, range(100, 103))])
    write(tmp_path / "c.mentions.CSV", [mention(1), mention(2, MentionTimeDate="20240601000000"), mention(7)])

    for name in ("a.export.CSV", "b.export.CSV", "c.mentions.CSV"):
        assert dateline(store.url, "import", "--batch-size", "25", name).exit_code == 0

    with talking_to(application, store) as client:
        [changed] = [item for item in items(client, "/events?limit=500") if item["external_id"] == "gdelt:1"]
        assert [hit["id"] for hit in items(client, "/search?q=conventional")] == [changed["id"]]
        assert len(items(client, "/search?q=%22sign+an+agreement%22&limit=500")) == 53 + 3
    before = dump(store, "tally"), dump(store, "coverage")
    with store.engine.begin() as connection:
        for _ in counts.refresh_all(connection):
            pass
    assert (dump(store, "tally"), dump(store, "coverage")) == before
    assert triggers_of(store) == triggers
    if store.engine.dialect.name == "sqlite":
        with store.engine.begin() as connection:
            for table in ("event", "document", "statement"):
                check = f"INSERT INTO {table}_fts ({table}_fts, rank) VALUES ('integrity-check', 1)"
                connection.exec_driver_sql(check)


def triggers_of(store: Store) -> list[tuple[Any, ...]]:
    if store.engine.dialect.name != "sqlite":
        return []
    with store.engine.connect() as connection:
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' ORDER BY name"
        return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.mark.expensive("starts processes of the command")
def test_a_killed_import_resumes_and_blocks_no_writer(
    dateline: Dateline, empty_store: Store, empty_writer: TestClient, tmp_path: Path
) -> None:
    number = 4_000
    write(tmp_path / "news.export.CSV", lines(number))
    command = [COMMAND, "import", "--batch-size", "10", "news.export.CSV"]
    with subprocess.Popen(
        command, env=environment(empty_store.url), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        wait_for_lines(empty_store, 50, process)
        meanwhile = empty_writer.post("/sources", json={"name": "Meanwhile", "kind": "online"})
        os.kill(process.pid, signal.SIGKILL)
    committed = int(dump(empty_store, "import")[0][6])

    done = dateline(empty_store.url, "import", "news.export.CSV")

    assert meanwhile.status_code == 201
    assert 50 <= committed < number
    assert f"news.export.CSV was read up to line {committed}: going on from there." in done.stdout
    assert {name: summary(done.stdout)[name] for name in ("taken", "rejected")} == {
        "taken": number * 9 // 10,
        "rejected": number // 10,
    }
    entries = [json.loads(line) for line in (tmp_path / "news.export.CSV.rejects").read_text().splitlines()]
    assert [entry["line"] for entry in entries] == list(range(10, number + 1, 10))
    assert len(dump(empty_store, "event")) == len(dump(empty_store, "report")) == number * 9 // 10


def wait_for_lines(store: Store, number: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if any(row[6] >= number for row in dump(store, "import")):
            return
        time.sleep(0.01)
    raise RuntimeError("The import did not get so far.")


def test_two_imports_of_one_file_at_once_do_not_double_it(
    dateline: Dateline, empty_store: Store, tmp_path: Path
) -> None:
    path = write(tmp_path / "news.export.CSV", map(event, range(1, 6)))
    source = files.Source(path, path.name, tmp_path / "rejects")
    done = files.begin(empty_store.engine, source, format="gdelt-events")
    dateline(empty_store.url, "import", "news.export.CSV")

    with pytest.raises(Conflict):
        list(files.read(empty_store.engine, source, done, format="gdelt-events"))

    assert len(dump(empty_store, "event")) == 5


def packed(folder: Path, content: bytes) -> Iterator[Path]:
    with zipfile.ZipFile(folder / "1.export.CSV.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.export.CSV", content)
    yield folder / "1.export.CSV.zip"
    (folder / "2.export.CSV.gz").write_bytes(gzip.compress(content, mtime=0))
    yield folder / "2.export.CSV.gz"
    (folder / "nameless").write_bytes(content)
    yield folder / "nameless"


def test_plain_packed_and_piped_files_are_read(dateline: Dateline, empty_store: Store, tmp_path: Path) -> None:
    content = "".join(f"{event(number)}\n" for number in (1, 2)).encode()

    first, *repeats = [dateline(empty_store.url, "import", path.name) for path in packed(tmp_path, content)]
    piped = dateline(empty_store.url, "import", "-", stdin=content + event(3).encode())

    assert summary(first.stdout) == {"taken": 2}
    assert [summary(repeat.stdout) for repeat in repeats] == [{"unchanged": 2}] * 2
    assert summary(piped.stdout) == {"taken": 1, "unchanged": 2}


def zipped(path: Path, line: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(path.stem, line)


def test_the_commands_of_the_page_on_imports_can_be_run(dateline: Dateline, empty_store: Store, tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "imports.md").read_text(encoding="utf-8")
    zipped(tmp_path / "20240619101500.export.CSV.zip", event(1))
    zipped(tmp_path / "20240619101500.mentions.CSV.zip", mention(1))
    (tmp_path / "story.jsonl").write_text(re.findall(r"```json\n(.*?)```", page, re.DOTALL)[0], encoding="utf-8")
    piped = acled.text([acled.row(1)]).encode()
    summaries = [summary(dateline(empty_store.url, *shlex.split(line), stdin=piped).stdout) for line in commands(page)]

    assert len(summaries) == 3
    assert all(done.get("taken") and "rejected" not in done for done in summaries)


def commands(page: str) -> list[str]:
    return [line.partition(" <")[0] for line in re.findall(r"^dateline (.*)$", page, re.MULTILINE)]


def spoilt(folder: Path) -> Iterator[tuple[list[str], str]]:
    (folder / "x.export.CSV.gz").write_bytes(gzip.compress(event(1).encode() * 1000)[:-40])
    yield ["x.export.CSV.gz"], "x.export.CSV.gz is damaged"
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("1.CSV", event(1))
        archive.writestr("2.CSV", event(2))
    yield ["two.zip"], "holds 2 files"
    (folder / "letter.txt").write_text("Dear Sir,\n")
    yield ["letter.txt"], "The format of letter.txt is not known; name it with --format."
    yield ["--format", "docx", "letter.txt"], "gdelt-events"
    yield ["missing.CSV"], "missing.CSV: No such file"
    (folder / "news.export.CSV").write_text("rubbish\n")
    yield ["news.export.CSV", "--rejects", "letter.txt"], "letter.txt holds something else than refused records"


def test_an_unreadable_file_ends_with_a_message(dateline: Dateline, empty_store: Store, tmp_path: Path) -> None:
    for arguments, message in spoilt(tmp_path):
        done = dateline(empty_store.url, "import", *arguments)

        assert (done.exit_code != 0, type(done.exception)) == (True, SystemExit), done.output
        assert message in done.stderr.replace("\n", " ")
    assert (tmp_path / "letter.txt").read_text() == "Dear Sir,\n"


def test_refused_lines_of_several_files_may_go_to_one(dateline: Dateline, empty_store: Store, tmp_path: Path) -> None:
    write(tmp_path / "a.export.CSV", ["rubbish", event(1)])
    write(tmp_path / "b.export.CSV", ["rubbish", "more"])
    both = ["--rejects", "refused.jsonl", "a.export.CSV", "b.export.CSV"]

    for again in ([], ["--again"]):
        assert dateline(empty_store.url, "import", *again, *both).exit_code == 0

        entries = [json.loads(line) for line in (tmp_path / "refused.jsonl").read_text().splitlines()]
        assert [(entry["file"], entry["line"]) for entry in entries] == [
            ("a.export.CSV", 1),
            ("b.export.CSV", 1),
            ("b.export.CSV", 2),
        ]


def test_own_lines_are_read_too(dateline: Dateline, empty_store: Store, tmp_path: Path) -> None:
    own = [{"source": {"name": "The Herald", "kind": "newspaper"}}, {"source": {"name": "The Herald", "kind": "flute"}}]
    write(tmp_path / "own.jsonl", map(json.dumps, own))

    done = dateline(empty_store.url, "import", "own.jsonl")

    assert {name: summary(done.stdout)[name] for name in ("taken", "rejected")} == {"taken": 1, "rejected": 1}
    [entry] = map(json.loads, (tmp_path / "own.jsonl.rejects").read_text().splitlines())
    assert json.loads(entry["record"]) == own[1]
