"""``dateline verify``."""

import typer

from app.cli.common import err, open_store, out, progress_bar
from app.database.engine import open_read_transaction
from app.queries import integrity


def verify() -> None:
    """Check every span of the store against its document's text.

    Ends with exit status 1 if a span is broken.
    """
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
