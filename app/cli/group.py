"""``dateline group``: statements that print one thing said, put together."""

from collections.abc import Iterator

from sqlalchemy import Engine

from app.cli.common import open_store, out, progress_bar
from app.database.engine import open_read_transaction
from app.database.models import Statement
from app.queries import lookups, statement_candidates
from app.store import revisions, utterances
from app.store.utterances import GroupingCounts

AUTHOR = "dateline group"
_BATCH = 200
"""Statements that are looked at in one transaction, so that other writers get their turn."""


def group() -> None:
    """Join statements that stand alone with the utterance that they print.

    New statements are joined as they are stored: this is for statements stored by versions that did not do so.
    """
    joined = proposed = 0
    with open_store() as engine, progress_bar("statements") as progress:
        with open_read_transaction(engine) as session:
            total = statement_candidates.count_unassigned(session.connection())
        task = progress.add_task("statements", total=total)
        for looked_at, grouped in _batches(engine):
            joined, proposed = joined + grouped.joined, proposed + grouped.proposed
            progress.advance(task, looked_at)
    out.print(f"{joined} statements put with utterances, {proposed} doubtful pairs proposed for review.")


def _batches(engine: Engine) -> Iterator[tuple[int, GroupingCounts]]:
    """Look at all that stand alone, a batch a transaction; yields how many those were and what became of them."""
    last = 0
    while True:
        with revisions.write(engine, author=AUTHOR, message="Put printings of one thing said together") as session:
            ids = statement_candidates.list_unassigned(session.connection(), after=last, limit=_BATCH)
            if not ids:
                return
            rows = lookups.iterate_rows(session, Statement, "id", ids)
            grouped = utterances.group(session, list(rows))
        last = ids[-1]
        yield len(ids), grouped
