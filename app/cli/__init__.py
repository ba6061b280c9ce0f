"""The ``dateline`` command: a module for each command, imported when the command is called."""

from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


class CommandEntry(NamedTuple):
    """A command's module, the function or group in it, and the summary that ``dateline --help`` shows."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "serve": CommandEntry("serve", "serve", "Serve the API."),
    "migrate": CommandEntry("migrate", "migrate", "Bring the store's tables to those of this version."),
    "seed": CommandEntry("seed", "seed", "Load the five annotated seed documents; existing records stay as they are."),
    "verify": CommandEntry("verify", "verify", "Check every span of the store against its document's text."),
    "ingest": CommandEntry(
        "ingest", "ingest", "Store pages as documents: from addresses, HTML and text files, and web archives."
    ),
    "extract": CommandEntry(
        "extract", "extract", "Find statements, speakers and events in documents that the machine has not read."
    ),
    "group": CommandEntry("group", "group", "Join statements that stand alone with the utterance that they print."),
    "watch": CommandEntry("watch", "watch", "Check the feeds of the store when they are due, and fetch new items."),
    "deliver": CommandEntry("deliver", "deliver", "Send the changes of the store to its webhooks."),
    "mcp": CommandEntry(
        "mcp", "mcp", "Answer an AI assistant's questions over standard input and output (Model Context Protocol)."
    ),
    "backup": CommandEntry("backup", "backup", "Write the whole store, keys included, to a SQLite file."),
    "restore": CommandEntry("backup", "restore", "Replace the store by what a backup holds."),
    "copy": CommandEntry("backup", "copy", "Copy a whole store, keys included, to an empty database."),
    "export": CommandEntry("transfer", "export_store", "Write the whole store, its history included, as JSON lines."),
    "import": CommandEntry(
        "transfer", "import_store", "Read files into the store: GDELT 2.0, ACLED, JSON lines, or a whole export."
    ),
    "key": CommandEntry("keys", "keys", "Create, list and revoke API keys."),
    "role": CommandEntry("roles", "roles", "Create and drop roles of PostgreSQL that read the views for dashboards."),
}


class LazyGroup(TyperGroup):
    """The commands of ``COMMANDS``; showing their list imports none of them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import a command and return it, or None if there is no such command."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        target = getattr(import_module(f"app.cli.{entry.module}"), entry.attribute)
        if not isinstance(target, typer.Typer):
            function, target = target, typer.Typer(add_completion=False)
            target.command(cmd_name)(function)
        command = get_command(target)
        command.name = cmd_name
        return command

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help from the summaries alone."""
        commands = [TyperCommand(name, help=entry.summary) for name, entry in COMMANDS.items()]
        listing = TyperGroup(name=self.name, help=self.help, params=self.params, commands=commands)
        listing.format_help(ctx, formatter)


app = typer.Typer(cls=LazyGroup, no_args_is_help=True)


@app.callback()
def describe() -> None:
    """Dateline: a source-attributed event store and its API."""
