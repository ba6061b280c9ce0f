"""Roles of PostgreSQL that read the views of the schema ``reporting`` and nothing else of the store.

Roles belong to the server, their privileges to each database. To create one needs the privilege CREATEROLE.
"""

import re
from collections.abc import Mapping
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Engine, text

from app.core.errors import BadRequest, Conflict, NotFound

# The comment that marks a role as made here, so that no other is ever dropped.
_MARK = "Reads Dateline's views; made by: dateline role create"

_NAME = re.compile(r"(?!pg_)[a-z_][a-z0-9_]{0,62}")

_CREATE = (
    "CREATE ROLE {role} LOGIN CONNECTION LIMIT {connections} PASSWORD {password}",
    "COMMENT ON ROLE {role} IS {mark}",
    "ALTER ROLE {role} SET search_path = reporting",
    "ALTER ROLE {role} SET statement_timeout = {timeout}",
    "ALTER ROLE {role} SET default_transaction_read_only = on",
    "GRANT CONNECT ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA reporting TO {role}",
    "GRANT SELECT ON ALL TABLES IN SCHEMA reporting TO {role}",
    # Of views that a later migration adds, or drops and makes again.
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA reporting GRANT SELECT ON TABLES TO {role}",
)

_DROP = (
    "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} IN SCHEMA reporting REVOKE SELECT ON TABLES FROM {role}",
    "REVOKE SELECT ON ALL TABLES IN SCHEMA reporting FROM {role}",
    "REVOKE USAGE ON SCHEMA reporting FROM {role}",
    "REVOKE CONNECT ON DATABASE {database} FROM {role}",
    "DROP ROLE {role}",
)

_FIND_COMMENT = text("SELECT coalesce(shobj_description(oid, 'pg_authid'), '') FROM pg_roles WHERE rolname = :role")
_FIND_DATABASE = text("""
    SELECT current_database() AS database, viewowner AS owner FROM pg_views
    WHERE schemaname = 'reporting' AND viewname = 'v_source'
""")


def create(engine: Engine, name: str, password: str, *, timeout: int, connections: int) -> None:
    """Create a role that may log in with the password and read the views, with so many ``connections`` at once.

    A query that takes longer than ``timeout`` seconds is interrupted; the role can set another timeout for its session.

    Raise BadRequest if the store is not on PostgreSQL, or no role can have the name; raise Conflict if the role exists.
    """
    with _connect(engine, name) as connection:
        if _get_comment(connection, name) is not None:
            raise Conflict(f"There is a role {name} already; choose another name, or drop it first.")
        limits = {"timeout": f"{timeout}s", "connections": connections}
        _run(
            connection, _CREATE, name, limits | {"password": _hash_password(connection, name, password), "mark": _MARK}
        )
        connection.commit()


def drop(engine: Engine, name: str) -> None:
    """Drop a role that ``create`` made. Its sessions stay connected, but can read nothing any more.

    Raise NotFound if there is no such role, and Conflict if ``create`` did not make it.
    """
    with _connect(engine, name) as connection:
        comment = _get_comment(connection, name)
        if comment is None:
            raise NotFound(f"There is no role {name}.")
        if comment != _MARK:
            raise Conflict(f"The role {name} was not made by `dateline role create`.")
        _run(connection, _DROP, name, {})
        connection.commit()


def _connect(engine: Engine, name: str) -> Connection:
    if engine.dialect.name != "postgresql":
        raise BadRequest("SQLite has no roles; give out a copy of the file without what is secret in it.")
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "A role's name is made of lower-case letters, digits and underscores, 63 at most; it begins "
            "with no digit and not with pg_."
        )
    return engine.connect()


def _get_comment(connection: Connection, name: str) -> str | None:
    return connection.execute(_FIND_COMMENT, {"role": name}).scalar_one_or_none()


def _hash_password(connection: Connection, name: str, password: str) -> str:
    """Return the password's hash as the server stores it, so that no statement in its log has the password."""
    driver: Any = connection.connection.driver_connection
    hashed: bytes = driver.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    return hashed.decode()


def _run(connection: Connection, statements: tuple[str, ...], name: str, values: Mapping[str, object]) -> None:
    place = connection.execute(_FIND_DATABASE).one()
    parts: dict[str, Any] = {key: sql.Literal(value) for key, value in values.items()}
    names = {"role": name, "database": place.database, "owner": place.owner}
    parts |= {key: sql.Identifier(value) for key, value in names.items()}
    driver: Any = connection.connection.driver_connection
    for statement in statements:
        connection.exec_driver_sql(sql.SQL(statement).format(**parts).as_string(driver))
