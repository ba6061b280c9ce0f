"""The code's own rules: plain names, and SQL only where it belongs."""

import ast
import io
import re
import tokenize
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APP = ROOT / "app"

VAGUE_NAMES = frozenset(
    ["asked", "each", "found", "given", "here", "kept", "known", "others", "shown", "then", "there", "told", "wanted"]
)
"""Names that do not tell what they hold."""

ALLOWED_VAGUE_NAMES = {
    "app/integrations": 2,  # `here` is a field that assistants get
    "tests": 1,  # `given` is Hypothesis' name
}
"""Vague names that a room may hold; none in other rooms."""

RIDDLE = re.compile(r"(What|Whether|Who|Whoever|Whose|Which|How|Where|Those|Nobody|Nothing)\b")
"""The beginning of a docstring that does not say what the code does."""

SQL_NAMES = frozenset(
    ["and_", "case", "cast", "exists", "func", "literal", "literal_column", "or_", "select", "union", "union_all"]
)
"""Names of SQLAlchemy that make SQL, as opposed to those that name an engine, a column or an error."""


def list_files() -> list[Path]:
    return sorted(
        path
        for folder in ("app", "migrations", "seed", "tests")
        for path in (ROOT / folder).rglob("*.py")
        if "node_modules" not in path.parts
    )


def get_room(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return "/".join(parts[:2]) if parts[0] == "app" else parts[0]


def count_vague_names(path: Path) -> int:
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return sum(token.type == tokenize.NAME and token.string in VAGUE_NAMES for token in tokens)


@pytest.mark.expensive("reads all source files")
def test_vague_names_stay_within_the_allowance() -> None:
    counts: Counter[str] = Counter()
    for path in list_files():
        counts[get_room(path)] += count_vague_names(path)

    assert {room: n for room, n in counts.items() if n > ALLOWED_VAGUE_NAMES.get(room, 0)} == {}


def list_docstrings(path: Path) -> list[str]:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return [ast.get_docstring(node) or "" for node in nodes if isinstance(node, documented)]


@pytest.mark.expensive("reads all source files")
def test_docstrings_say_what_the_code_does() -> None:
    docstrings = {f"{path.relative_to(ROOT)}": list_docstrings(path) for path in list_files()}

    assert [(name, text) for name, texts in docstrings.items() for text in texts if RIDDLE.match(text)] == []


def list_sqlalchemy_names(path: Path) -> set[str]:
    return {
        alias.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("sqlalchemy", "sqlmodel")
        for alias in node.names
    }


def test_sql_is_written_in_queries_alone() -> None:
    rooms = ("app/database", "app/queries")  # the database's own tools, and every read
    files = [path for path in APP.rglob("*.py") if get_room(path) not in rooms]

    assert [str(path) for path in files if list_sqlalchemy_names(path) & SQL_NAMES] == []


SQL_TEXT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE|DROP|ALTER|GRANT|REVOKE) ")


def has_sql_text(path: Path) -> bool:
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    texts = (node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    return any(SQL_TEXT.match(text) for text in texts)


def test_sql_text_is_written_where_rows_are_moved_in_bulk() -> None:
    # Backups and roles speak to the database about whole tables; the mentions of GDELT wait in a table of their own.
    rooms = ("app/backup", "app/database", "app/queries", "app/store/bulk", "app/store/derived")
    files = [path.relative_to(ROOT).as_posix() for path in sorted(APP.rglob("*.py")) if has_sql_text(path)]

    assert [name for name in files if not name.startswith(rooms)] == ["app/imports/gdelt.py"]


def test_routers_import_only_names_of_the_database() -> None:
    files = (APP / "api" / "routers").glob("*.py")

    assert set().union(*map(list_sqlalchemy_names, files)) <= {"Engine", "Session", "SQLAlchemyError"}
