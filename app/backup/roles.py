"""Roles of PostgreSQL that read the views of the schema ``reporting`` and nothing else of the store.

Roles are the server's, and what they may is each database's. Who makes them needs the right to make roles.
"""

import re
from collections.abc import Mapping
from typing import Any

from psycopg import sql
from sqlalchemy import Connection, Engine, text

from app.core.errors import BadRequest, Conflict, NotFound

# By which a role is known as one of these, so that no other is ever dropped.
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

_REMARK = text("SELECT coalesce(shobj_description(oid, 'pg_authid'), '') FROM pg_roles WHERE rolname = :role")
_PLACE = text("""
    SELECT current_database() AS database, viewowner AS owner FROM pg_views
    WHERE schemaname = 'reporting' AND viewname = 'v_source'
""")


def create(engine: Engine, name: str, password: str, *, timeout: int, connections: int) -> None:
    """Make a role that may log in with the password and read the views.

    A query of it that takes longer than ``timeout`` seconds is interrupted, unless the session says otherwise: that is
    a default, no wall. It may have so many ``connections`` at once.

    Raises BadRequest where the store is not on PostgreSQL, or the name is none for a role; Conflict where there is
    such a role.
    """
    with _on_postgres(engine, name) as connection:
        if _remark(connection, name) is not None:
            raise Conflict(f"There is a role {name} already; choose another name, or drop it first.")
        limits = {"timeout": f"{timeout}s", "connections": connections}
        _run(connection, _CREATE, name, limits | {"password": _hashed(connection, name, password), "mark": _MARK})
        connection.commit()


def drop(engine: Engine, name: str) -> None:
    """Take a role away that ``create`` made. Its sessions stay connected, and may read nothing any more.

    Raises NotFound where there is none of the name, and Conflict where ``create`` did not make it.
    """
    with _on_postgres(engine, name) as connection:
        remark = _remark(connection, name)
        if remark is None:
            raise NotFound(f"There is no role {name}.")
        if remark != _MARK:
            raise Conflict(f"The role {name} was not made by `dateline role create`.")
        _run(connection, _DROP, name, {})
        connection.commit()


def _on_postgres(engine: Engine, name: str) -> Connection:
    if engine.dialect.name != "postgresql":
        raise BadRequest("SQLite has no roles; give out a copy of the file without what is secret in it.")
    if not _NAME.fullmatch(name):
        raise BadRequest(
            "A role's name is made of lower-case letters, digits and underscores, 63 at most; it begins "
            "with no digit and not with pg_."
        )
    return engine.connect()


def _remark(connection: Connection, name: str) -> str | None:
    return connection.execute(_REMARK, {"role": name}).scalar_one_or_none()


def _hashed(connection: Connection, name: str, password: str) -> str:
    """As the server keeps it, so that the password itself is in no log of its statements."""
    driver: Any = connection.connection.driver_connection
    hashed: bytes = driver.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    return hashed.decode()


def _run(connection: Connection, statements: tuple[str, ...], name: str, values: Mapping[str, object]) -> None:
    place = connection.execute(_PLACE).one()
    parts: dict[str, Any] = {key: sql.Literal(value) for key, value in values.items()}
    names = {"role": name, "database": place.database, "owner": place.owner}
    parts |= {key: sql.Identifier(value) for key, value in names.items()}
    driver: Any = connection.connection.driver_connection
    for statement in statements:
        connection.exec_driver_sql(sql.SQL(statement).format(**parts).as_string(driver))
