"""``dateline seed``."""

from rich.table import Table
from sqlalchemy import Engine

from app.cli.common import fail, open_store, out
from seed.load import Loaded, SeedError, load


def seed() -> None:
    """Load the five annotated seed documents; existing records stay as they are."""
    with open_store() as engine:
        counts_by_table = load_seed(engine)
    table = Table("table", "new", "already there")
    for name, counts in counts_by_table.items():
        table.add_row(name, str(counts["new"]), str(counts["existing"]))
    out.print(table)


def load_seed(engine: Engine) -> Loaded:
    """Load the seed and return the numbers of new and existing rows by table; end the command if the seed is broken."""
    try:
        return load(engine)
    except SeedError as error:
        fail(str(error))
