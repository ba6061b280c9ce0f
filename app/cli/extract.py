"""``dateline extract``: the machine reads what the store holds."""

from typing import Annotated

import typer
from sqlalchemy import Engine

from app.cli.common import fail, open_store, out, progress_bar
from app.database.engine import open_read_transaction
from app.database.models import Document
from app.queries import documents as document_queries
from app.store import revisions
from app.store.extractions.documents import (
    StatementCounts,
    extract_document,
    get_extractor_version,
    save_extraction,
)


def extract(
    documents: Annotated[
        list[int] | None, typer.Argument(min=1, help="Ids of the documents to read; all when left out.")
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read again what other rules or another model have read.")
    ] = False,
) -> None:
    """Find statements, speakers and events in documents that the machine has not read."""
    with open_store() as engine, progress_bar("documents") as progress:
        wanted = _to_read(engine, documents or [], again=again)
        taken = [_read(engine, ident) for ident in progress.track(wanted)]
    out.print(_summary(taken, again=again))


def _to_read(engine: Engine, documents: list[int], *, again: bool) -> list[int]:
    """The ids of the documents that nobody has read, or ``again`` that another reader has."""
    wanted, known = [], set()
    with open_read_transaction(engine) as session:
        for each in document_queries.list_extractions(session, documents):
            known.add(each.document_id)
            other = each.extractor_version is not None and each.extractor_version != get_extractor_version(
                each.language
            )
            if other if again else each.extractor_version is None:
                wanted.append(each.document_id)
    for ident in documents:
        if ident not in known:
            fail(f"There is no document {ident}.")
    return wanted


def _read(engine: Engine, ident: int) -> StatementCounts:
    with open_read_transaction(engine) as session:
        document = session.get_one(Document, ident)
        session.expunge(document)
    found = extract_document(document)
    with revisions.write(engine, author="dateline extract", message=f"Read document {ident}") as session:
        return save_extraction(session, session.get_one(Document, ident), found)


def _summary(taken: list[StatementCounts], *, again: bool) -> str:
    new, changed, gone = (sum(counts) for counts in zip(*taken, strict=True)) if taken else (0, 0, 0)
    what = "again" if again else "for the first time"
    return f"{len(taken)} documents read {what}: {new} statements new, {changed} changed, {gone} gone."
