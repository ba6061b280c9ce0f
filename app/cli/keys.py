"""``dateline key``."""

from typing import Annotated

import typer
from rich.table import Table

from app.cli.common import err, open_store, out
from app.core.vocab import Scope
from app.database.engine import open_read_transaction, open_write_transaction
from app.database.models import ApiKey
from app.queries import lookups
from app.store import api_keys

keys = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True, add_completion=False)


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    scope: Annotated[
        list[Scope],
        typer.Option(
            help="What it may do; write includes read, admin both; feeds reads lists, as ?token= in addresses."
        ),
    ],
    path: Annotated[
        list[str] | None,
        typer.Option(help="Only for feeds: the address that it reads, with all below it, such as /events; may repeat."),
    ] = None,
) -> None:
    """Make a key and show it, once."""
    with open_store() as engine, open_write_transaction(engine) as session:
        _, key = api_keys.create_key(session, name=name, scopes=scope, paths=path or ())
    out.print(key)
    err.print("Keep it: it is not stored and cannot be shown again.")


@keys.command("list")
def list_keys() -> None:
    """Show the keys, without their secrets."""
    table = Table("prefix", "name", "scopes", "addresses", "created", "revoked")
    with open_store() as engine, open_read_transaction(engine) as session:
        for key in lookups.list_rows(session, ApiKey):
            revoked = f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
            created, paths = f"{key.created_at:%Y-%m-%d %H:%M}", " ".join(key.paths or ())
            table.add_row(key.prefix, key.name, " ".join(key.scopes), paths, created, revoked)
    out.print(table)


@keys.command("revoke")
def revoke_key(prefix: Annotated[str, typer.Argument(help="The key's prefix, as `key list` shows it.")]) -> None:
    """Make a key invalid from now on."""
    with open_store() as engine, open_write_transaction(engine) as session:
        api_keys.revoke_key(session, prefix)
    out.print(f"The key {prefix} is revoked.")
