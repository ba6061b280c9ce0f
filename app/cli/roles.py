"""``dateline role``."""

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.backup import roles as operations
from app.cli.common import err, fail, open_store, out

roles = typer.Typer(
    help="Create and drop roles of PostgreSQL that read the views for dashboards.",
    no_args_is_help=True,
    add_completion=False,
)

_Name = Annotated[str, typer.Argument(help="Its name at the server.")]
_PASSWORD_CHARACTERS = 1_000


@roles.command("create")
def create_role(
    name: _Name,
    password_file: Annotated[
        Path | None, typer.Option(help="Its password, on the first line.", exists=True, dir_okay=False)
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read its password from standard input.")
    ] = False,
    timeout: Annotated[int, typer.Option(min=1, max=86_400, help="Seconds that a query of it may take.")] = 30,
    connections: Annotated[int, typer.Option(min=1, max=10_000, help="Connections it may have at once.")] = 10,
) -> None:
    """Make a role that reads the views in the schema reporting and nothing else; shows its password, once."""
    if password_file is not None and password_stdin:
        raise typer.BadParameter("name --password-file or --password-stdin, not both")
    user_password = _read_password(password_file, password_stdin)
    password = user_password or secrets.token_urlsafe(24)
    with open_store() as engine:
        operations.create(engine, name, password, timeout=timeout, connections=connections)
        place = f"the database {engine.url.database} on {engine.url.host or 'this machine'}"
    err.print(f"The role {name} reads the schema reporting of {place}.", soft_wrap=True)
    if user_password is None:
        out.print(password)
        err.print("Keep its password: it cannot be shown again.")


def _read_password(file: Path | None, stdin: bool) -> str | None:
    """Return the password of the user, or None if one is to be generated."""
    if file is None and not stdin:
        return None
    try:
        text = sys.stdin.readline(_PASSWORD_CHARACTERS) if file is None else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        fail("The password cannot be read.")
    password = text.partition("\n")[0].removesuffix("\r")
    if not password or "\0" in password:
        fail("The password is empty, or holds a character that none may hold.")
    return password


@roles.command("drop")
def drop_role(name: _Name) -> None:
    """Take away a role that `role create` made."""
    with open_store() as engine:
        operations.drop(engine, name)
    out.print(f"The role {name} is gone.")
