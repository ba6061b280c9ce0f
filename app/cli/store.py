"""``dateline migrate``, ``seed`` and ``verify``: the store as a whole."""

import typer
from rich.table import Table

from app.backup import migrations
from app.cli.common import err, fail, open_store, out, progress, progress_bar
from app.database.engine import get_current_migration, open_read_transaction
from app.queries import integrity


def migrate() -> None:
    """Bring the store's tables to those of this version."""
    with open_store(migrated=False) as engine:
        before = get_current_migration(engine)
        with progress() as report:
            migrations.migrate(engine, report)
        after = get_current_migration(engine)
        out.print(f"The store is at migration {after}" + (", as before." if before == after else "."))


def seed() -> None:
    """Load the five seed documents with their annotation; what is there already stays as it is."""
    from seed.load import SeedError, load

    with open_store() as engine:
        try:
            loaded = load(engine)
        except SeedError as error:
            fail(str(error))
        table = Table("table", "new", "already there")
        for name, counts in loaded.items():
            table.add_row(name, str(counts["new"]), str(counts["there"]))
        out.print(table)


def verify() -> None:
    """Check every span of the store against its document's text; fails when one is broken."""
    broken = checked = 0
    with open_store() as engine, open_read_transaction(engine) as session, progress_bar("documents") as bar:
        for document in bar.track(integrity.iterate_documents(session), integrity.count_documents(session)):
            for check in integrity.check_spans(session, document):
                checked += 1
                if check.broken is not None:
                    broken += 1
                    message = f"{check.record} {check.id} in document {document.id}: {check.broken}"
                    err.print(message, markup=False, soft_wrap=True)
    out.print(f"{checked} spans checked, {broken} broken.")
    if broken:
        raise typer.Exit(1)
