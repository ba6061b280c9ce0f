"""Apache Superset itself, as it charts the views: `make test-superset` installs it (800 MB) and runs this.

The figures of its charts are those that the API answers, on PostgreSQL by way of a role that reads the views alone, and
on SQLite from a backup.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import make_url

from app.backup import roles, stores
from tests.conftest import Store
from tests.data.lists import items

SUPERSET = Path(__file__).parent.parent.parent / ".venv-superset" / "bin" / "superset"
PASSWORD = "only-here"
STARTS_WITHIN = 120


@pytest.fixture(scope="module")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Run Superset with a store of its own, and log in to its API."""
    home = tmp_path_factory.mktemp("superset")
    environment = os.environ | {
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(Path(__file__).with_name("superset_config.py")),
        "FLASK_APP": "superset.app:create_app()",
    }
    admin = ("--username=admin", "--firstname=A", "--lastname=B", "--email=a@example.org", f"--password={PASSWORD}")
    with (home / "log").open("wb") as log:
        for arguments in (("db", "upgrade"), ("fab", "create-admin", *admin), ("init",)):
            subprocess.run([SUPERSET, *arguments], env=environment, cwd=home, check=True, stdout=log, stderr=log)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        serve = ["run", "--host=127.0.0.1", f"--port={port}", "--with-threads"]
        with subprocess.Popen(
            [SUPERSET, *serve], env=environment, cwd=home, stdout=log, stderr=log, start_new_session=True
        ) as process:
            try:
                with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
                    _log_in(client)
                    yield client
            finally:
                os.killpg(process.pid, signal.SIGTERM)


def _log_in(client: httpx.Client) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            client.get("/health").raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < deadline, "Superset does not start"
            time.sleep(0.5)
        else:
            break
    user = {"username": "admin", "password": PASSWORD, "provider": "db"}
    token = post(client, "security/login", user)["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"


def post(client: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    answer = client.post(f"/api/v1/{path}", json=body)
    assert answer.is_success, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def database(superset: httpx.Client, shared_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Add the store to Superset, and return its id there."""
    if shared_store.engine.dialect.name == "sqlite":
        file = tmp_path_factory.mktemp("backup") / "dateline.db"
        stores.backup(shared_store.engine, file, lambda *_: None)
        yield _connected(superset, f"sqlite:///{file}?check_same_thread=false")
        return
    roles.create(shared_store.engine, "superset_reads", PASSWORD, timeout=30, connections=10)
    url = make_url(shared_store.url).set(drivername="postgresql", username="superset_reads", password=PASSWORD)
    try:
        yield _connected(superset, url.render_as_string(hide_password=False))
    finally:
        roles.drop(shared_store.engine, "superset_reads")


def _connected(superset: httpx.Client, uri: str) -> int:
    name = uri.partition(":")[0]
    return int(post(superset, "database/", {"database_name": f"Dateline on {name}", "sqlalchemy_uri": uri})["id"])


@contextmanager
def data_set(superset: httpx.Client, database: int, view: str, *, schema: str | None) -> Iterator[int]:
    """Create a data set on a view, and mark its days as dates: SQLite has no type that would say so.

    It is deleted again, since Superset's own store on SQLite has room for one of each name.
    """
    body = {"database": database, "table_name": view} | ({"schema": schema} if schema else {})
    ident = int(post(superset, "dataset/", body)["id"])
    columns = superset.get(f"/api/v1/dataset/{ident}").json()["result"]["columns"]
    names = [{"id": column["id"], "column_name": column["column_name"]} for column in columns]
    typed = [column | {"is_dttm": True} if column["column_name"] == "day" else column for column in names]
    answer = superset.put(f"/api/v1/dataset/{ident}", json={"columns": typed})
    assert answer.is_success, answer.text
    yield ident
    superset.delete(f"/api/v1/dataset/{ident}").raise_for_status()


def chart(superset: httpx.Client, data_set: int, metric: str, key: str, when: str) -> dict[str | None, int]:
    """Save a chart of a metric by a column, and return its counts. The last day of the range is not included."""
    query = {
        "columns": [key],
        "metrics": [{"expressionType": "SQL", "sqlExpression": metric, "label": "count"}],
        "filters": [{"col": "day", "op": "TEMPORAL_RANGE", "val": when}],
        "row_limit": 1000,
    }
    source = {"id": data_set, "type": "table"}
    context = {"datasource": source, "queries": [query], "result_format": "json", "result_type": "full", "force": True}
    saved = {
        "slice_name": f"{metric} by {key}",
        "viz_type": "table",
        "datasource_id": data_set,
        "datasource_type": "table",
        "params": json.dumps({"viz_type": "table", "datasource": f"{data_set}__table"}),
        "query_context": json.dumps(context),
    }
    ident = post(superset, "chart/", saved)["id"]
    answer = superset.get(f"/api/v1/chart/{ident}/data/")
    assert answer.is_success, answer.text
    return {row[key]: row["count"] for row in answer.json()["result"][0]["data"]}


CASES = [
    ("v_coverage_daily", "sum(event_count)", "source_slug", "/stats/events?by=source"),
    ("v_statement", "count(*)", "speaker_slug", "/stats/statements?by=speaker"),
]

# First day, last day, the day after; on the first one there is something, each time.
RANGES = (("2024-06-19", "2024-06-19", "2024-06-20"), ("2024-06-18", "2025-04-27", "2025-04-28"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_chart_equals_the_api_answer(
    superset: httpx.Client, database: int, reader: TestClient, backend: str, case: tuple[str, str, str, str]
) -> None:
    view, metric, key, series = case
    schema = "reporting" if backend == "postgresql" else None
    with data_set(superset, database, view, schema=schema) as data_set_id:
        for first, last, end in RANGES:
            counts: Counter[str | None] = Counter()
            for row in items(reader, f"{series}&from={first}&to={last}&limit=500"):
                counts[row["key"]] += row["count"] if row["period"] else 0

            assert chart(superset, data_set_id, metric, key, f"{first} : {end}") == +counts != {}
