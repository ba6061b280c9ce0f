"""The ``dateline`` command: a file a family of commands, all of them named here."""

import typer

from app.cli.deliver import deliver
from app.cli.grouping import group
from app.cli.ingest import ingest
from app.cli.keys import keys
from app.cli.mcp import mcp
from app.cli.operations import backup, copy, restore
from app.cli.reading import extract
from app.cli.roles import roles
from app.cli.serving import serve
from app.cli.store import migrate, seed, verify
from app.cli.transfer import export_store, import_store
from app.cli.watch import watch

app = typer.Typer(help="Dateline: a source-attributed event store and its API.", no_args_is_help=True)
app.add_typer(keys, name="key")
app.add_typer(roles, name="role")
for command in (serve, migrate, seed, verify, ingest, extract, group, watch, deliver, mcp, backup, restore, copy):
    app.command()(command)
app.command("export")(export_store)
app.command("import")(import_store)
