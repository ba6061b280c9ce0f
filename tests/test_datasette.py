"""Datasette serves the copy that docs/datasette/publish.sql makes of a store: the views, and no secret."""

import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi.testclient import TestClient

from app.backup import stores
from app.database.engine import open_write_transaction
from app.database.models import Webhook
from tests import tools
from tests.conftest import Store
from tests.data.lists import items
from tests.test_operations import backup_of_the_seed
from tests.test_reporting import VIEWS, check_agreement, read_flat, to_plain

__all__ = ["backup_of_the_seed"]  # the fixture

RECIPE = Path(__file__).parent.parent / "docs" / "datasette"


def publish(backup: Path, folder: Path) -> Path:
    """Build the publishable copy of a backup with the recipe."""
    script = (RECIPE / "publish.sql").read_text(encoding="utf-8")
    with closing(sqlite3.connect(backup)) as connection:
        connection.executescript(script.replace("'public.db'", f"'{folder}/public.db'"))
    return folder / "public.db"


@pytest.fixture(scope="module")
def datasette(backup_of_the_seed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Run Datasette on the published copy of the seed."""
    file = publish(backup_of_the_seed, tmp_path_factory.mktemp("published"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [tools.environment("datasette"), "-i", str(file), "-m", str(RECIPE / "metadata.yaml"), "-p", str(port)]
    environment = {"PATH": os.environ["PATH"], "HOME": str(file.parent)}
    with (
        subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client,
    ):
        try:
            wait_for(client, process)
            yield client
        finally:
            process.send_signal(signal.SIGTERM)


def wait_for(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            client.get("/-/versions.json")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("Datasette does not start")


def rows(datasette: httpx.Client, name: str) -> list[dict[str, Any]]:
    answer = datasette.get(f"/public/{name}.json?_shape=array&_size=max").raise_for_status()
    return [{key: to_plain(value) for key, value in row.items()} for row in answer.json()]


def test_datasette_coverage_equals_the_api(datasette: httpx.Client, reader: TestClient) -> None:
    check_agreement(
        {(row["event_id"], row["source_id"]): row for row in rows(datasette, "v_coverage")},
        {(item["event_id"], item["source_id"]): item for item in read_flat(reader, "/coverage")},
        names=11,
    )


def test_day_filter_and_saved_query_have_rows(datasette: httpx.Client, reader: TestClient) -> None:
    page = datasette.get("/public/v_statement.json?day__date=2024-06-19&_shape=array&_size=max").raise_for_status()
    series = items(reader, "/stats/statements?from=2024-06-19&to=2024-06-19")

    assert [len(page.json())] == [count["count"] for count in series if count["period"]]
    assert rows(datasette, "first")[0]["events"] >= 1


def test_every_page_has_its_description(datasette: httpx.Client) -> None:
    tables = yaml.safe_load((RECIPE / "metadata.yaml").read_text(encoding="utf-8"))["databases"]["public"]["tables"]

    assert sorted(tables) == sorted(VIEWS)
    for name, table in tables.items():
        page = datasette.get(f"/public/{name}").raise_for_status()
        assert table["description"] in page.text


def test_no_secret_is_published(store: Store, tmp_path: Path) -> None:
    secret, url = "whsec_dGhpcyBpcyB3aGF0IG5vYm9keSBtYXkgc2Vl", "https://receiver.example/hook"
    with open_write_transaction(store.engine) as session:
        row = {"url": url, "secret": secret, "position": 0, "created_at": "2024-06-19T00:00:00Z"}
        session.add(Webhook.model_validate(row))
    key = store.key()["Authorization"].split("_")[1]
    stores.backup(store.engine, tmp_path / "backup.db", lambda *_: None)

    file = publish(tmp_path / "backup.db", tmp_path)

    with closing(sqlite3.connect(file)) as published:
        rows = published.execute("SELECT name FROM sqlite_master WHERE type <> 'index' ORDER BY name").fetchall()
    assert [name for (name,) in rows] == sorted(VIEWS)
    secrets = [secret.encode(), url.encode(), key.encode()]
    assert [secret in (tmp_path / "backup.db").read_bytes() for secret in secrets] == [True, True, True]
    assert [secret in file.read_bytes() for secret in secrets] == [False, False, False]
