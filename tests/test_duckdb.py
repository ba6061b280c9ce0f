"""DuckDB reads what the API exports: a file a list, as the recipe saves it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.data.lists import items

READ = {"parquet": "read_parquet('{}')", "csv": "read_csv('{}')", "jsonl": "read_json('{}')"}

# In a process of its own: DuckDB's bindings complain at the end of one that has tested anything.
ASK = """
import duckdb, json, sys
with duckdb.connect() as connection:
    print(json.dumps([connection.execute(query).fetchall() for query in json.load(sys.stdin)]))
"""


def ask(*queries: str) -> list[list[list[Any]]]:
    """The rows that each query finds."""
    done = subprocess.run([sys.executable, "-c", ASK], input=json.dumps(queries).encode(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    found: list[list[list[Any]]] = json.loads(done.stdout)
    return found


def saved(reader: TestClient, name: str, kind: str, folder: Path) -> str:
    """What reads a list in SQL, from a file of one of the formats."""
    flat = "&flat=true" if kind == "jsonl" else ""
    answer = reader.get(f"/{name}?format={kind}{flat}")
    assert answer.status_code == 200
    file = folder / f"{name}.{kind}"
    file.write_bytes(answer.content)
    return READ[kind].format(file)


@pytest.mark.parametrize("kind", READ)
def test_lists_can_be_asked_in_sql(reader: TestClient, tmp_path: Path, kind: str) -> None:
    coverage, statements = (saved(reader, name, kind, tmp_path) for name in ("coverage", "statements"))
    day, joined, texts = ask(
        f"""SELECT source_slug, count(*) FROM {coverage}
            WHERE event_date_earliest = DATE '2024-06-19' GROUP BY ALL ORDER BY ALL""",
        f"""SELECT any_value(cell.statements), count(*) FROM {coverage} AS cell
            JOIN {statements} AS said USING (event_id, source_id) GROUP BY event_id, source_id""",
        f"SELECT id, text FROM {statements}",
    )

    series = items(reader, "/stats/events?by=source&from=2024-06-19&to=2024-06-19")
    assert day == [[each["key"], each["count"]] for each in series if each["period"]]
    assert len(joined) > 3
    assert [told for told, _ in joined] == [printed for _, printed in joined]
    assert dict(map(tuple, texts)) == {item["id"]: item["text"] for item in items(reader, "/statements?limit=500")}
