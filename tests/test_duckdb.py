"""DuckDB: the exported lists, one file each, as in the recipe."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.data.lists import items

READ = {"parquet": "read_parquet('{}')", "csv": "read_csv('{}')", "jsonl": "read_json('{}')"}

# In a process of its own: DuckDB's bindings print errors at the end of a test process.
RUN_QUERIES = """
import duckdb, json, sys
with duckdb.connect() as connection:
    print(json.dumps([connection.execute(query).fetchall() for query in json.load(sys.stdin)]))
"""


def run_queries(*queries: str) -> list[list[list[Any]]]:
    """Return the rows of each query."""
    result = subprocess.run(
        [sys.executable, "-c", RUN_QUERIES], input=json.dumps(queries).encode(), capture_output=True
    )
    assert result.returncode == 0, result.stderr.decode()
    rows: list[list[list[Any]]] = json.loads(result.stdout)
    return rows


def save(reader: TestClient, name: str, kind: str, folder: Path) -> str:
    """Save a list in one of the formats, and return the SQL that reads the file."""
    flat = "&flat=true" if kind == "jsonl" else ""
    answer = reader.get(f"/{name}?format={kind}{flat}")
    assert answer.status_code == 200
    file = folder / f"{name}.{kind}"
    file.write_bytes(answer.content)
    return READ[kind].format(file)


@pytest.mark.parametrize("kind", READ)
def test_exported_lists_can_be_queried_in_sql(reader: TestClient, tmp_path: Path, kind: str) -> None:
    coverage, statements = (save(reader, name, kind, tmp_path) for name in ("coverage", "statements"))
    day, joined, texts = run_queries(
        f"""SELECT source_slug, count(*) FROM {coverage}
            WHERE event_date_earliest = DATE '2024-06-19' GROUP BY ALL ORDER BY ALL""",
        f"""SELECT any_value(cell.statement_count), count(*) FROM {coverage} AS cell
            JOIN {statements} AS said USING (event_id, source_id) GROUP BY event_id, source_id""",
        f"SELECT id, text FROM {statements}",
    )

    series = items(reader, "/stats/events?by=source&from=2024-06-19&to=2024-06-19")
    assert day == [[count["key"], count["count"]] for count in series if count["period"]]
    assert len(joined) > 3
    assert [cell for cell, _ in joined] == [count for _, count in joined]
    assert dict(map(tuple, texts)) == {item["id"]: item["text"] for item in items(reader, "/statements?limit=500")}
