"""``dateline migrate``."""

from app.cli.common import open_store, out
from app.database.engine import get_current_migration, migrate_store


def migrate() -> None:
    """Bring the store's tables to those of this version."""
    with open_store(migrated=False) as engine:
        before = get_current_migration(engine)
        migrate_store(engine)
        after = get_current_migration(engine)
    out.print(f"The store is at migration {after}" + (", as before." if before == after else "."))
