"""A store's tables brought to those of this version, with what is kept beside its records."""

from alembic import command
from sqlalchemy import Connection, Engine

from app.backup.load import Report
from app.database import raw_rows
from app.database.engine import (
    build_alembic_config,
    get_current_migration,
    get_newest_migration,
    open_write_transaction,
)
from app.queries import statement_candidates
from app.store import derived
from app.store.derived import statement_index

# The migration since which voicings are kept, and of events their origins.
_KEPT_SINCE = "0010"


def migrate(engine: Engine, report: Report) -> None:
    """Run the migrations that are missing; what has been kept only since is made for the records that are there."""
    before = get_current_migration(engine)
    if before != get_newest_migration():
        command.upgrade(build_alembic_config(engine), "head")
    if before is not None:
        with open_write_transaction(engine) as session:
            # Also where it was broken off here.
            if before < _KEPT_SINCE or not statement_candidates.is_indexed(session.connection()):
                _keep(session.connection(), report)


def _keep(connection: Connection, report: Report) -> None:
    totals = {name: raw_rows.count_rows(connection, shape) for name, shape in raw_rows.get_tables(connection).items()}
    for name, refresh_all in (("statement", statement_index.refresh_all), ("event", derived.refresh_all)):
        for done in refresh_all(connection):
            report(f"{name}s", min(done, totals[name]), totals[name])
