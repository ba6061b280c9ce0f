"""The views for dashboards: their figures are the API's own, and a role that reads them reads nothing else."""

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
from hypothesis import HealthCheck, given, settings
from sqlalchemy import inspect, make_url, text
from sqlmodel import SQLModel

from app.database.engine import build_alembic_config
from tests.conftest import Store, Templates, talking_to
from tests.data import flows
from tests.data.flows import Flow
from tests.data.lists import pages
from tests.test_cli import Dateline, dateline
from tests.test_operations import refuse, succeed

__all__ = ["dateline"]  # the fixture

VIEWS = ("v_coverage", "v_coverage_daily", "v_speaker_daily", "v_source", "v_statement")
PAGE = Path(__file__).parent.parent / "docs" / "reporting.md"

Row = dict[str, Any]


def schema(store: Store) -> str | None:
    return None if store.engine.dialect.name == "sqlite" else "reporting"


def rows(store: Store, view: str) -> list[Row]:
    """All rows of a view, their days as the API writes them."""
    name = f"{schema(store)}.{view}" if schema(store) else view
    with store.engine.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM {name}")).mappings().all()
    return [{key: plain(value) for key, value in row.items()} for row in found]


def plain(value: Any) -> Any:
    text = value.isoformat() if hasattr(value, "isoformat") else value
    return text.removesuffix(" 00:00:00.000000") if isinstance(text, str) else text


def listed(client: TestClient, address: str) -> list[Row]:
    """All items of a list, flat."""
    sign = "&" if "?" in address else "?"
    return [item for page in pages(client, f"{address}{sign}flat=true&limit=500") for item in page]


def shared(row: Row, item: Row) -> tuple[Row, Row]:
    """What of a row and of an item goes by the same name."""
    names = row.keys() & item.keys()
    return {name: row[name] for name in names}, {name: item[name] for name in names}


def agree(told: dict[Any, Row], items: dict[Any, Row], *, names: int) -> None:
    """Rows and items are of the same things, and say the same under the names that they share, of which there are so
    many."""
    assert told.keys() == items.keys()
    for key, row in told.items():
        ours, theirs = shared(row, items[key])
        assert len(ours) == names
        assert ours == theirs


def figures_agree(store: Store, client: TestClient) -> None:
    """The views say what the API says."""
    agree(
        {(row["event_id"], row["source_id"]): row for row in rows(store, "v_coverage")},
        {(item["event_id"], item["source_id"]): item for item in listed(client, "/coverage")},
        names=11,
    )
    agree(
        {row["statement_id"]: row for row in rows(store, "v_statement")},
        {item["id"]: item for item in listed(client, "/statements")},
        names=32,
    )
    assert {row["source_slug"]: row["documents"] for row in rows(store, "v_source")} == {
        item["slug"]: item["document_count"] for item in listed(client, "/sources")
    }
    always = "from=0001-01-01&to=9999-12-31"
    for view, noun, by in (("v_coverage_daily", "events", "source"), ("v_speaker_daily", "statements", "speaker")):
        counts: Counter[Any] = Counter()
        for row in rows(store, view):
            counts[row["day"], row[f"{by}_slug"]] += row[noun]
        series = listed(client, f"/stats/{noun}?by={by}&{always}")
        assert counts == {(each["period"], each["key"]): each["count"] for each in series}


def test_the_views_say_of_the_seed_what_the_api_says(shared_store: Store, reader: TestClient) -> None:
    figures_agree(shared_store, reader)


@pytest.fixture(scope="module")
def newsroom(backend: str, templates: Templates) -> Iterator[Store]:
    """A store that many examples share; each is compared with all that is in it."""
    with templates.copy(backend, "migrated") as copy:
        flows.staff(copy)
        yield copy


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6)
@given(flow=flows.flows())
def test_the_views_say_of_any_store_what_the_api_says(application: FastAPI, newsroom: Store, flow: Flow) -> None:
    flows.put(newsroom, flow)
    with talking_to(application, newsroom) as client:
        figures_agree(newsroom, client)


def test_what_a_merge_and_a_doubt_change_they_show_as_well(writer: TestClient, store: Store) -> None:
    doubted = next(row for row in rows(store, "v_statement") if row["speaker_slug"] == "kim-jong-un")
    doubt = {"coded_by": "machine", "confidence": 0.3}
    assert writer.patch(f"/statements/{doubted['statement_id']}", json=doubt).status_code == 200
    assert writer.post("/events/1/merge", json={"from": [2, 3]}).status_code == 200

    figures_agree(store, writer)
    assert not {row["event_id"] for row in rows(store, "v_coverage")} & {2, 3}
    [of_the_day] = [
        row
        for row in rows(store, "v_speaker_daily")
        if (row["speaker_slug"], row["day"]) == ("kim-jong-un", doubted["day"])
    ]
    assert of_the_day["suggestions"] == 1 < of_the_day["statements"]


def test_what_a_day_of_an_outlet_adds_up_to(shared_store: Store, reader: TestClient) -> None:
    cells = [item for item in listed(reader, "/coverage?source=meduza") if item["event_date_edtf"] == "2024-06-19"]
    days = [
        row
        for row in rows(shared_store, "v_coverage_daily")
        if (row["source_slug"], row["day"]) == ("meduza", "2024-06-19")
    ]

    assert sum(row["events"] for row in days) == len(cells) > 0
    assert sum(row["documents"] for row in days) == sum(item["documents"] for item in cells)


def test_a_source_is_told_with_what_there_is_of_it(shared_store: Store, reader: TestClient) -> None:
    items = {item["slug"]: item for item in listed(reader, "/sources")}
    for row in rows(shared_store, "v_source"):
        item = items[row["source_slug"]]
        own = {name: item[name] for name in ("language", "homepage", "wikidata_id")}
        own |= {f"source_{name}": item[name] for name in ("id", "slug", "name", "kind", "country", "state_affiliated")}
        documents = listed(reader, f"/documents?source={item['slug']}")
        days = [each["published_earliest"] for each in documents if each["published_earliest"]]

        assert {name: row[name] for name in own} == own
        assert row["events"] == len(listed(reader, f"/coverage?source={item['slug']}"))
        assert row["statements"] == len(listed(reader, f"/statements?source={item['slug']}"))
        assert (row["first_published"], row["last_published"]) == (min(days, default=None), max(days, default=None))


@pytest.mark.parametrize("moment", ["2024-06-19 00:00:00", "2024-06-19 00:00:00.000000"])
def test_a_range_of_moments_has_its_first_day_and_not_the_day_after_its_last(store: Store, moment: str) -> None:
    """As Superset compares days, which on SQLite are texts."""
    name = f"{schema(store)}.v_coverage_daily" if schema(store) else "v_coverage_daily"
    within = text(f"SELECT DISTINCT day FROM {name} WHERE day >= '{moment}' AND day < '{moment.replace('19', '20')}'")
    with store.engine.connect() as connection:
        assert [plain(day) for day in connection.execute(within).scalars()] == ["2024-06-19"]


def test_every_column_is_explained(empty_store: Store) -> None:
    found = inspect(empty_store.engine)
    there = {(view, each["name"]) for view in VIEWS for each in found.get_columns(view, schema=schema(empty_store))}
    explained = set()
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        for line in section.splitlines():
            cells = line.split(" | ")[0].split("`")[1::2] if line.startswith("| `") else []
            explained |= {(section.split("`")[1], name) for name in cells}

    assert sorted(found.get_view_names(schema=schema(empty_store))) == sorted(VIEWS)
    assert explained == there


# dateline role


@pytest.fixture
def postgres(templates: Templates, postgres_url: str) -> Iterator[Store]:
    """A seeded store on PostgreSQL."""
    with templates.copy("postgresql", "seeded") as copy:
        yield copy


@pytest.fixture
def role(postgres: Store) -> Iterator[str]:
    """A name for a role, which is gone afterwards."""
    name = f"reads_{uuid.uuid4().hex[:12]}"
    yield name
    with postgres.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.execute(text("SELECT FROM pg_roles WHERE rolname = :name"), {"name": name}).first() is not None:
            connection.exec_driver_sql(f"DROP OWNED BY {name}")
            connection.exec_driver_sql(f"DROP ROLE {name}")


@pytest.fixture
def enter(postgres: Store, role: str) -> Callable[[], "psycopg.Connection[tuple[Any, ...]]"]:
    """Connects as the role."""
    url = make_url(postgres.url).set(drivername="postgresql", username=role)
    return lambda: psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


Enter = Callable[[], "psycopg.Connection[tuple[Any, ...]]"]


def test_a_role_reads_the_views(dateline: Dateline, postgres: Store, role: str, enter: Enter) -> None:
    succeed(dateline, postgres.url, "role", "create", role)

    with enter() as connection:
        for view in VIEWS:
            found = connection.execute(f"SELECT count(*) FROM {view}".encode()).fetchall()
            assert found == [(len(rows(postgres, view)),)] != [(0,)]


def test_a_role_reads_nothing_else_and_writes_nothing(
    dateline: Dateline, postgres: Store, role: str, enter: Enter
) -> None:
    succeed(dateline, postgres.url, "role", "create", role)
    attempts = [f"SELECT * FROM public.{table}" for table in map(quoted, SQLModel.metadata.tables)]
    attempts += [f"DELETE FROM public.{table}" for table in map(quoted, SQLModel.metadata.tables)]
    attempts += ["SELECT secret FROM public.webhook", "SELECT nextval('public.event_id_seq')"]
    attempts += [
        "UPDATE v_source SET source_name = ''",
        "DELETE FROM v_statement",
        "INSERT INTO v_source DEFAULT VALUES",
    ]
    attempts += [f"CREATE TABLE {place}.mine (id int)" for place in ("public", "reporting")]
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
        shown = connection.execute("SELECT table_schema, table_name FROM information_schema.tables").fetchall()
        own = {"pg_catalog", "information_schema"}
        assert sorted(table for place, table in shown if place not in own) == sorted(VIEWS)


def quoted(name: str) -> str:
    return f'"{name}"'


def test_a_query_of_a_role_takes_no_longer_than_allowed_and_it_has_no_more_connections(
    dateline: Dateline, postgres: Store, role: str, enter: Enter
) -> None:
    succeed(dateline, postgres.url, "role", "create", role, "--timeout", "1", "--connections", "1")

    with enter() as connection:
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(5)")
        with pytest.raises(psycopg.OperationalError, match="too many connections"):
            enter()


def test_a_role_reads_on_after_an_upgrade_that_makes_the_views_again(
    dateline: Dateline, postgres: Store, role: str, enter: Enter
) -> None:
    succeed(dateline, postgres.url, "role", "create", role)
    command.downgrade(build_alembic_config(postgres.engine), "0011")
    command.upgrade(build_alembic_config(postgres.engine), "head")

    with enter() as connection:
        assert connection.execute("SELECT count(*) FROM v_source").fetchone() == (len(rows(postgres, "v_source")),)


def test_a_password_is_made_or_given_and_kept_as_a_hash(
    dateline: Dateline, postgres: Store, role: str, tmp_path: Path
) -> None:
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
        assert fits(password, kept(postgres, role))
        assert not fits(f"{password}x", kept(postgres, role))


def kept(store: Store, role: str) -> str:
    with store.engine.connect() as connection:
        query = text("SELECT rolpassword FROM pg_authid WHERE rolname = :role")
        return str(connection.execute(query, {"role": role}).scalar_one())


def fits(password: str, kept: str) -> bool:
    """Whether it is the password of which a server keeps this: RFC 5803."""
    _, how, keys = kept.split("$")
    rounds, salt = how.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    client = hmac.digest(salted, b"Client Key", "sha256")
    return base64.b64decode(keys.split(":")[0]) == hashlib.sha256(client).digest()


def test_a_role_is_made_once_and_dropped_once(dateline: Dateline, postgres: Store, role: str, enter: Enter) -> None:
    succeed(dateline, postgres.url, "role", "create", role)

    assert "There is a role" in refuse(dateline, postgres.url, "role", "create", role)
    with enter() as connection:
        succeed(dateline, postgres.url, "role", "drop", role)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM reporting.v_source")
    assert "no role" in refuse(dateline, postgres.url, "role", "drop", role)
    succeed(dateline, postgres.url, "role", "create", role)


def test_nobody_elses_role_is_dropped(dateline: Dateline, postgres: Store, role: str) -> None:
    with postgres.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role}")

    assert "was not made by" in refuse(dateline, postgres.url, "role", "drop", role)
    assert "There is a role" in refuse(dateline, postgres.url, "role", "create", role)


@pytest.mark.parametrize(
    "name", ["", "Reads", "1st", "pg_reads", "a b", 'a"; DROP ROLE postgres; --', "a" * 64, "ä", "a\n"]
)
def test_a_name_is_a_plain_word(dateline: Dateline, postgres: Store, name: str) -> None:
    assert "A role's name" in refuse(dateline, postgres.url, "role", "create", "--", name)
    assert "A role's name" in refuse(dateline, postgres.url, "role", "drop", "--", name)


def test_who_may_make_no_roles_is_told_so(dateline: Dateline, postgres: Store, role: str) -> None:
    with postgres.engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
        connection.exec_driver_sql(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    url = make_url(postgres.url).set(username=role).render_as_string(hide_password=False)

    assert "permission denied" in refuse(dateline, url, "role", "create", f"{role}_too")


def test_sqlite_has_no_roles(dateline: Dateline, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    succeed(dateline, url, "migrate")

    assert "SQLite has no roles" in refuse(dateline, url, "role", "create", "reads")
    assert "SQLite has no roles" in refuse(dateline, url, "role", "drop", "reads")
