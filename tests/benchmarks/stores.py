"""The generated stores, which later runs use again: SQLite files in a folder, databases on a PostgreSQL server.

``DATELINE_BENCH_EVENTS`` is the size, ``DATELINE_BENCH_LARGEST`` one more for the benchmarks of growth,
``DATELINE_BENCH_DIR`` the folder. A private PostgreSQL server starts empty each time; ``DATELINE_TEST_DATABASE_URL``
names one that keeps its databases.
"""

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
from alembic import command
from psycopg import sql
from rich.console import Console
from sqlalchemy import Engine, make_url
from sqlmodel import SQLModel

from app.core.config import Settings
from app.database.engine import advance_id_sequence, build_alembic_config, create_store_engine, get_newest_migration
from app.database.models import Source
from app.store import revisions
from tests.benchmarks import generate

EVENTS = int(os.environ.get("DATELINE_BENCH_EVENTS", "100000"))
LARGEST = int(os.environ.get("DATELINE_BENCH_LARGEST", "0"))
FOLDER = Path(os.environ.get("DATELINE_BENCH_DIR", ".bench")).absolute()

# Below this size a run only checks that the benchmarks work: they make few requests, and no target counts.
IS_SMALL = EVENTS < 10_000

NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}

_console = Console()


def open_engine(url: str) -> Engine:
    return create_store_engine(Settings(database_url=url))


def _key(events: int) -> str:
    """Return the size, the migration and the generator's digest, on which the rows of a store depend."""
    head = get_newest_migration()
    return f"{events}_{head}_{hashlib.sha256(Path(generate.__file__).read_bytes()).hexdigest()[:8]}"


def sqlite_store(events: int) -> Path:
    """Return the path of the SQLite store of this size; generate it if it does not exist."""
    path = FOLDER / f"{_key(events)}.db"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        migrate(f"sqlite:///{part}")
        with _console.status("") as status:
            generate.fill(part, events, lambda step: status.update(f"generating {events:,} events: {step}"))
        part.rename(path)
    return path


def migrate(url: str) -> None:
    engine = open_engine(url)
    command.upgrade(build_alembic_config(engine), "head")
    engine.dispose()


def postgres_store(admin: str, events: int) -> str:
    """Return the URL of a database with the rows of ``sqlite_store(events)``, on the server at the URL ``admin``."""
    source, name = sqlite_store(events), f"dateline_bench_{_key(events)}"
    url = make_url(admin).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(to_libpq(admin), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return url
        create_database(connection, f"{name}_part")
        part = make_url(admin).set(database=f"{name}_part").render_as_string(hide_password=False)
        migrate(part)
        with _console.status(f"copying {events:,} events to PostgreSQL"):
            _copy(source, part)
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(f"{name}_part"), sql.Identifier(name)))
    return url


def to_libpq(url: str) -> str:
    """Return a URL of SQLAlchemy's in the form that psycopg accepts."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def create_database(connection: psycopg.Connection, name: str) -> None:
    for statement in ("DROP DATABASE IF EXISTS {}", "CREATE DATABASE {}"):
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))


def _copy(source: Path, url: str) -> None:
    """Copy every row; create the indexes that no constraint needs at the end."""
    with psycopg.connect(to_libpq(url), autocommit=True) as connection, closing(sqlite3.connect(source)) as rows:
        connection.execute("SET session_replication_role = replica")  # skips the checks of foreign keys
        connection.execute("SET TimeZone = 'UTC'")
        indexes = connection.execute(_LOOSE_INDEXES).fetchall()
        for name, _ in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        for table in SQLModel.metadata.sorted_tables:
            _copy_table(rows, connection, table.name, table.columns.keys())
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("VACUUM ANALYZE")
    _continue_ids(url)


_LOOSE_INDEXES = """
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint)
"""


def _copy_table(rows: sqlite3.Connection, connection: psycopg.Connection, table: str, columns: list[str]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    quoted = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor().copy(into) as copy:
        for row in rows.execute(f'SELECT {quoted} FROM "{table}"'):
            copy.write_row(row)


def _continue_ids(url: str) -> None:
    engine = open_engine(url)
    with engine.begin() as connection:
        for table in SQLModel.metadata.sorted_tables:
            if "id" in table.columns:
                last = connection.exec_driver_sql(f'SELECT coalesce(max(id), 0) FROM "{table.name}"').scalar_one()
                advance_id_sequence(connection, table, last)
    engine.dispose()


def write_revision(url: str) -> None:
    """Make a revision, so that no cached response is current any more."""
    engine = open_engine(url)
    with revisions.write(engine, author="bench", message="") as session:
        source = session.get_one(Source, generate.OUTLETS)
        number = int((source.homepage or "0").rpartition("/")[2])
        source.homepage = f"https://outlet.example/{number + 1}"
    engine.dispose()


def write_revisions(urls: Iterable[str]) -> None:
    """Make a revision in each store."""
    for url in urls:
        write_revision(url)


def list_days(events: int) -> Iterator[str]:
    """Yield the days of which a store of this size has all events, the latest first."""
    news = generate.News(events)
    for ident in range(events, news.events_a_day - 1, -news.events_a_day):
        yield news.day_of(ident).isoformat()
