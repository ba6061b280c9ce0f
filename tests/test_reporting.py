"""The views for dashboards: their figures equal the API's, and a role that reads them reads nothing else."""

import base64
import hashlib
import hmac
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import settings
from sqlalchemy import inspect, make_url, text
from sqlmodel import SQLModel

from app.database.engine import build_alembic_config
from tests.conftest import Store, Templates, talking_to
from tests.data import flows
from tests.data.flows import Flow
from tests.data.lists import pages
from tests.properties import for_all, shares_a_store
from tests.test_cli import Dateline, dateline
from tests.test_operations import refuse, succeed

__all__ = ["dateline"]  # the fixture

VIEWS = ("v_coverage", "v_coverage_daily", "v_speaker_daily", "v_source", "v_statement")
PAGE = Path(__file__).parent.parent / "docs" / "reporting.md"

Row = dict[str, Any]


def schema(store: Store) -> str | None:
    return None if store.engine.dialect.name == "sqlite" else "reporting"


def rows(store: Store, view: str) -> list[Row]:
    """Return all rows of a view, with days in the API's notation."""
    name = f"{schema(store)}.{view}" if schema(store) else view
    with store.engine.connect() as connection:
        result = connection.execute(text(f"SELECT * FROM {name}")).mappings().all()
    return [{key: to_plain(value) for key, value in row.items()} for row in result]


def to_plain(value: Any) -> Any:
    text = value.isoformat() if hasattr(value, "isoformat") else value
    return text.removesuffix(" 00:00:00.000000") if isinstance(text, str) else text


def read_flat(client: TestClient, address: str) -> list[Row]:
    """Return all items of a list, flat."""
    sign = "&" if "?" in address else "?"
    return [item for page in pages(client, f"{address}{sign}flat=true&limit=500") for item in page]


def check_agreement(rows: dict[Any, Row], items: dict[Any, Row], *, names: int) -> None:
    """Check that rows and items have the same keys, and equal values under their ``names`` shared names."""
    assert rows.keys() == items.keys()
    for key, row in rows.items():
        shared = row.keys() & items[key].keys()
        assert len(shared) == names
        assert {name: row[name] for name in shared} == {name: items[key][name] for name in shared}


def check_figures(store: Store, client: TestClient) -> None:
    """Check that the views have the API's figures."""
    check_agreement(
        {(row["event_id"], row["source_id"]): row for row in rows(store, "v_coverage")},
        {(item["event_id"], item["source_id"]): item for item in read_flat(client, "/coverage")},
        names=11,
    )
    check_agreement(
        {row["statement_id"]: row for row in rows(store, "v_statement")},
        {item["id"]: item for item in read_flat(client, "/statements")},
        names=32,
    )
    assert {row["source_slug"]: row["document_count"] for row in rows(store, "v_source")} == {
        item["slug"]: item["document_count"] for item in read_flat(client, "/sources")
    }
    # Statements without any date are in the view with a null day; the API does not count them.
    undated = Counter(
        row["speaker_slug"]
        for row in rows(store, "v_statement")
        if row["said_earliest"] is None and row["document_published_earliest"] is None
    )
    always = "from=0001-01-01&to=9999-12-31"
    for view, noun, by in (("v_coverage_daily", "events", "source"), ("v_speaker_daily", "statements", "speaker")):
        counts: Counter[Any] = Counter()
        for row in rows(store, view):
            counts[row["day"], row[f"{by}_slug"]] += row[f"{noun.removesuffix('s')}_count"]
        if noun == "statements":
            counts -= Counter({(None, slug): number for slug, number in undated.items()})
        series = read_flat(client, f"/stats/{noun}?by={by}&{always}")
        assert counts == {(count["period"], count["key"]): count["count"] for count in series}


def test_views_of_the_seed_equal_the_api(shared_store: Store, reader: TestClient) -> None:
    check_figures(shared_store, reader)


@pytest.fixture(scope="module")
def newsroom(backend: str, templates: Templates) -> Iterator[Store]:
    """Build a store that all examples share; each example compares all that it holds."""
    with templates.copy(backend, "migrated") as copy:
        flows.staff(copy)
        yield copy


@settings(shares_a_store, max_examples=6)
@for_all(flow=flows.flows())
def test_views_of_any_store_equal_the_api(application: FastAPI, newsroom: Store, flow: Flow) -> None:
    flows.put(newsroom, flow)
    with talking_to(application, newsroom) as client:
        check_figures(newsroom, client)


def test_views_follow_a_merge_and_a_suggestion(writer: TestClient, store: Store) -> None:
    doubted = next(row for row in rows(store, "v_statement") if row["speaker_slug"] == "kim-jong-un")
    doubt = {"coded_by": "machine", "confidence": 0.3}
    assert writer.patch(f"/statements/{doubted['statement_id']}", json=doubt).status_code == 200
    assert writer.post("/events/1/merge", json={"from": [2, 3]}).status_code == 200

    check_figures(store, writer)
    assert not {row["event_id"] for row in rows(store, "v_coverage")} & {2, 3}
    [of_the_day] = [
        row
        for row in rows(store, "v_speaker_daily")
        if (row["speaker_slug"], row["day"]) == ("kim-jong-un", doubted["day"])
    ]
    assert of_the_day["suggestion_count"] == 1 < of_the_day["statement_count"]


def test_daily_coverage_adds_up_to_the_cells(shared_store: Store, reader: TestClient) -> None:
    cells = [item for item in read_flat(reader, "/coverage?source=meduza") if item["event_date_edtf"] == "2024-06-19"]
    days = [
        row
        for row in rows(shared_store, "v_coverage_daily")
        if (row["source_slug"], row["day"]) == ("meduza", "2024-06-19")
    ]

    assert sum(row["event_count"] for row in days) == len(cells) > 0
    assert sum(row["document_count"] for row in days) == sum(item["document_count"] for item in cells)


def test_source_view_has_fields_counts_and_days(shared_store: Store, reader: TestClient) -> None:
    items = {item["slug"]: item for item in read_flat(reader, "/sources")}
    for row in rows(shared_store, "v_source"):
        item = items[row["source_slug"]]
        own = {name: item[name] for name in ("language", "homepage", "wikidata_id")}
        own |= {f"source_{name}": item[name] for name in ("id", "slug", "name", "kind", "country", "state_affiliated")}
        documents = read_flat(reader, f"/documents?source={item['slug']}")
        days = [document["published_earliest"] for document in documents if document["published_earliest"]]

        assert {name: row[name] for name in own} == own
        assert row["event_count"] == len(read_flat(reader, f"/coverage?source={item['slug']}"))
        assert row["statement_count"] == len(read_flat(reader, f"/statements?source={item['slug']}"))
        assert (row["first_published_on"], row["last_published_on"]) == (
            min(days, default=None),
            max(days, default=None),
        )


@pytest.mark.parametrize("moment", ["2024-06-19 00:00:00", "2024-06-19 00:00:00.000000"])
def test_range_of_times_selects_one_day(store: Store, moment: str) -> None:
    """Compare days in Superset's way; on SQLite they are texts."""
    name = f"{schema(store)}.v_coverage_daily" if schema(store) else "v_coverage_daily"
    within = text(f"SELECT DISTINCT day FROM {name} WHERE day >= '{moment}' AND day < '{moment.replace('19', '20')}'")
    with store.engine.connect() as connection:
        assert [to_plain(day) for day in connection.execute(within).scalars()] == ["2024-06-19"]


def test_every_column_is_documented(empty_store: Store) -> None:
    inspector, name = inspect(empty_store.engine), schema(empty_store)
    columns = {(view, column["name"]) for view in VIEWS for column in inspector.get_columns(view, schema=name)}
    explained = set()
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        for line in section.splitlines():
            cells = line.split(" | ")[0].split("`")[1::2] if line.startswith("| `") else []
            explained |= {(section.split("`")[1], cell) for cell in cells}

    assert sorted(inspector.get_view_names(schema=name)) == sorted(VIEWS)
    assert explained == columns


# dateline role


@pytest.fixture
def postgres(templates: Templates, postgres_url: str) -> Iterator[Store]:
    """Copy the seeded store on PostgreSQL."""
    with templates.copy("postgresql", "seeded") as copy:
        yield copy


@pytest.fixture
def role(postgres: Store) -> Iterator[str]:
    """Return the name of a role, and drop the role afterwards."""
    name = f"reads_{uuid.uuid4().hex[:12]}"
    yield name
    with postgres.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.execute(text("SELECT FROM pg_roles WHERE rolname = :name"), {"name": name}).first() is not None:
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")


@pytest.fixture
def enter(postgres: Store, role: str) -> Callable[[], "psycopg.Connection[tuple[Any, ...]]"]:
    """Return a function that connects as the role."""
    url = make_url(postgres.url).set(drivername="postgresql", username=role)
    return lambda: psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


Enter = Callable[[], "psycopg.Connection[tuple[Any, ...]]"]


def test_role_reads_the_views(dateline: Dateline, postgres: Store, role: str, enter: Enter) -> None:
    succeed(dateline, postgres.url, "role", "create", role)

    with enter() as connection:
        for view in VIEWS:
            counts = connection.execute(f"SELECT count(*) FROM {view}".encode()).fetchall()
            assert counts == [(len(rows(postgres, view)),)] != [(0,)]


def test_role_reads_and_writes_nothing_else(dateline: Dateline, postgres: Store, role: str, enter: Enter) -> None:
    succeed(dateline, postgres.url, "role", "create", role)
    attempts = [f"SELECT * FROM public.{table}" for table in map(quoted, SQLModel.metadata.tables)]
    attempts += [f"DELETE FROM public.{table}" for table in map(quoted, SQLModel.metadata.tables)]
    attempts += ["SELECT secret FROM public.webhook", "SELECT nextval('public.event_id_seq')"]
    attempts += [
        "UPDATE v_source SET source_name = ''",
        "DELETE FROM v_statement",
        "INSERT INTO v_source DEFAULT VALUES",
    ]
    attempts += [f"CREATE TABLE {name}.mine (id int)" for name in ("public", "reporting")]
    attempts += [
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY v_source TO '/x'",
    ]

    with enter() as connection:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE mine (id int)")
        connection.execute("SET default_transaction_read_only = off")
        for attempt in attempts:
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
                connection.execute(attempt.encode())
        tables = connection.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
        own = {"pg_catalog", "information_schema"}
        assert sorted(table for owner, table in tables if owner not in own) == sorted(VIEWS)


def quoted(name: str) -> str:
    return f'"{name}"'


def test_role_has_timeout_and_connection_limit(dateline: Dateline, postgres: Store, role: str, enter: Enter) -> None:
    succeed(dateline, postgres.url, "role", "create", role, "--timeout", "1", "--connections", "1")

    with enter() as connection:
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(5)")
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            enter()


def test_role_reads_views_after_an_upgrade(dateline: Dateline, postgres: Store, role: str, enter: Enter) -> None:
    succeed(dateline, postgres.url, "role", "create", role)
    command.downgrade(build_alembic_config(postgres.engine), "20261201_full_text")
    command.upgrade(build_alembic_config(postgres.engine), "head")

    with enter() as connection:
        assert connection.execute("SELECT count(*) FROM v_source").fetchone() == (len(rows(postgres, "v_source")),)


def test_password_is_stored_as_a_hash(dateline: Dateline, postgres: Store, role: str, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("from a file\nand no more")
    made = succeed(dateline, postgres.url, "role", "create", role).strip()
    ways: list[tuple[str, list[str], bytes | None]] = [
        (made, [], None),
        ("from a file", ["--password-file", "password"], None),
        ("from a pipe", ["--password-stdin"], b"from a pipe\n"),
    ]

    assert len(made) >= 32
    for password, options, stdin in ways:
        if options:
            succeed(dateline, postgres.url, "role", "drop", role)
            done = dateline(postgres.url, "role", "create", role, *options, stdin=stdin)
            assert (done.exit_code, done.stdout) == (0, "")
        assert is_password_of(stored_password(postgres, role), password)
        assert not is_password_of(stored_password(postgres, role), f"{password}x")


def stored_password(store: Store, role: str) -> str:
    with store.engine.connect() as connection:
        query = text("SELECT rolpassword FROM pg_authid WHERE rolname = :role")
        return str(connection.execute(query, {"role": role}).scalar_one())


def is_password_of(stored: str, password: str) -> bool:
    """Return True if the server's stored value (RFC 5803) belongs to the password."""
    _, parameters, keys = stored.split("$")
    rounds, salt = parameters.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    client = hmac.digest(salted, b"Client Key", "sha256")
    return base64.b64decode(keys.split(":")[0]) == hashlib.sha256(client).digest()


def test_role_is_created_once_and_dropped_once(dateline: Dateline, postgres: Store, role: str, enter: Enter) -> None:
    succeed(dateline, postgres.url, "role", "create", role)

    assert "There is a role" in refuse(dateline, postgres.url, "role", "create", role)
    with enter() as connection:
        succeed(dateline, postgres.url, "role", "drop", role)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM reporting.v_source")
    assert "no role" in refuse(dateline, postgres.url, "role", "drop", role)
    succeed(dateline, postgres.url, "role", "create", role)


def test_role_of_another_program_is_not_dropped(dateline: Dateline, postgres: Store, role: str) -> None:
    with postgres.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role}")

    assert "was not made by" in refuse(dateline, postgres.url, "role", "drop", role)
    assert "There is a role" in refuse(dateline, postgres.url, "role", "create", role)


@pytest.mark.parametrize(
    "name", ["", "Reads", "1st", "pg_reads", "a b", 'a"; DROP ROLE postgres; --', "a" * 64, "ä", "a\n"]
)
def test_invalid_role_name_is_refused(dateline: Dateline, postgres: Store, name: str) -> None:
    assert "A role's name" in refuse(dateline, postgres.url, "role", "create", "--", name)
    assert "A role's name" in refuse(dateline, postgres.url, "role", "drop", "--", name)


def test_role_without_permission_is_refused(dateline: Dateline, postgres: Store, role: str) -> None:
    with postgres.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
        connection.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    url = make_url(postgres.url).set(username=role).render_as_string(hide_password=False)

    assert "permission denied" in refuse(dateline, url, "role", "create", f"{role}_too")


def test_role_command_on_sqlite_is_refused(dateline: Dateline, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    succeed(dateline, url, "migrate")

    assert "SQLite has no roles" in refuse(dateline, url, "role", "create", "reads")
    assert "SQLite has no roles" in refuse(dateline, url, "role", "drop", "reads")
