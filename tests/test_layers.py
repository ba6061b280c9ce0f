"""The rooms of ``app/``, and what each may import: read from the code, not from its authors' memory."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

APP = Path(__file__).parent.parent / "app"

GROUND = "config vocab errors dates urls spans quantities"
SPINE = f"{GROUND} models db tallies revisions"
QUERIES = f"{SPINE} schemas queries"

# Room: the rooms that it may import besides itself. A room is a module or a package of app/; one that is
# not there yet (extract, analysis, browse) is checked from the day it is.
ROOMS = {
    # The ground: nothing of ours.
    **dict.fromkeys(GROUND.split(), ""),
    # The store.
    "models": GROUND,
    "db": GROUND,
    "tallies": f"{GROUND} models schemas queries analysis",
    "revisions": f"{GROUND} models db tallies",
    "schemas": GROUND,
    "queries": f"{GROUND} models schemas",
    "readers": f"{GROUND} db queries",
    "replicas": f"{GROUND} db queries readers",
    # What is made of texts and rows.
    "extract": "vocab spans dates quantities",
    "analysis": "models vocab dates spans quantities",
    "fetch": "config errors urls",
    "ingest": f"{QUERIES} extract fetch analysis",
    "webhooks": f"{QUERIES} readers fetch",
    "formats": "errors schemas",
    "operations": QUERIES,
    # HTTP: the shell around every request, then the endpoints.
    "logs": "config",
    "auth": QUERIES,
    "web": f"{QUERIES} readers auth formats",
    "views": f"{QUERIES} analysis",
    "routers": f"{QUERIES} readers ingest views webhooks formats auth web",
    "integrations": f"{QUERIES} readers views formats auth web routers",
    "browse": "queries views web",
    # Everything.
    "main": f"{QUERIES} fetch logs replicas readers web routers integrations browse",
    "cli": f"{QUERIES} logs auth fetch ingest webhooks operations integrations main",
}

# Words that make SQL, as opposed to those that name an engine, a column or an error.
SQL = {"select", "union", "union_all", "exists", "func", "literal", "literal_column", "case", "cast", "and_", "or_"}

# Modules that stand on no web framework and on no database.
WEB = ("fastapi", "starlette", "uvicorn")
DATABASE = ("sqlalchemy", "sqlmodel", "psycopg", "sqlite3", "alembic")
WITHOUT_WEB = [
    *SPINE.split(),
    "schemas",
    "queries",
    "extract",
    "fetch",
    "analysis",
    "views",
    "ingest",
    "webhooks",
    "formats",
    "auth",
]
WITHOUT_DATABASE = ["vocab", "errors", "dates", "urls", "spans", "schemas", "extract", "fetch", "formats"]

FILES = sorted(APP.rglob("*.py"))
NAMES = [path.relative_to(APP).as_posix() for path in FILES]


def room_of(path: Path) -> str:
    return path.relative_to(APP).parts[0].removesuffix(".py")


@cache
def imports(path: Path) -> tuple[str, ...]:
    """The dotted names that a file imports, ``from a import b`` as ``a.b``."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_from(path: Path, packages: tuple[str, ...]) -> list[str]:
    return [name for name in imports(path) if name.split(".")[0] in packages]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_room_imports_only_the_rooms_that_it_may(path: Path) -> None:
    if path == APP / "__init__.py":
        assert not imports(path)
        return
    room = room_of(path)
    assert room in ROOMS, "a new room: say in ROOMS what it may import"

    entered = {name.split(".")[1] for name in imports_from(path, ("app",))}

    assert entered <= {room, *ROOMS[room].split()}


def test_only_the_command_reaches_the_seed_and_nothing_the_tests() -> None:
    reaching = {room_of(path) for path in FILES if imports_from(path, ("seed", "tests"))}

    assert reaching <= {"cli"}
    assert not [path for path in FILES if imports_from(path, ("tests",))]


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) != "queries"], ids=str)
def test_sql_is_written_in_queries_alone(path: Path) -> None:
    assert not [name for name in imports_from(path, ("sqlalchemy", "sqlmodel")) if name.split(".")[-1] in SQL]


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) in ("routers", "browse")], ids=str)
def test_routers_take_of_the_database_only_what_names_it(path: Path) -> None:
    named = {"sqlalchemy.Engine", "sqlmodel.Session", "sqlalchemy.exc.SQLAlchemyError"}

    assert set(imports_from(path, DATABASE)) <= named


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) in WITHOUT_WEB], ids=str)
def test_below_the_http_shell_nobody_knows_of_http(path: Path) -> None:
    assert not imports_from(path, WEB)


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) in WITHOUT_DATABASE], ids=str)
def test_what_needs_no_database_knows_of_none(path: Path) -> None:
    assert not imports_from(path, DATABASE)


def test_every_room_that_is_there_has_its_rule_and_none_may_import_itself_in_a_circle() -> None:
    def reachable(room: str, seen: frozenset[str] = frozenset()) -> Iterator[str]:
        for each in ROOMS[room].split():
            yield each
            if each not in seen:
                yield from reachable(each, seen | {each})

    assert not [room for room in ROOMS if room in set(reachable(room))]
