"""``dateline extract``: machine extraction from documents in the store."""

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
        ids = _select_documents(engine, documents or [], again=again)
        taken = [_extract(engine, document_id) for document_id in progress.track(ids)]
    out.print(_summarize(taken, again=again))


def _select_documents(engine: Engine, documents: list[int], *, again: bool) -> list[int]:
    """Return the ids of documents without an extraction, or ``again`` of those with one of another version."""
    with open_read_transaction(engine) as session:
        rows = document_queries.list_extractions(session, documents)
    existing = {row.document_id for row in rows}
    for document_id in documents:
        if document_id not in existing:
            fail(f"There is no document {document_id}.")
    if not again:
        return [row.document_id for row in rows if row.extractor_version is None]
    versions = [(row, row.extractor_version) for row in rows if row.extractor_version is not None]
    return [row.document_id for row, version in versions if version != get_extractor_version(row.language)]


def _extract(engine: Engine, document_id: int) -> StatementCounts:
    with open_read_transaction(engine) as session:
        document = session.get_one(Document, document_id)
        session.expunge(document)
    extraction = extract_document(document)
    with revisions.write(engine, author="dateline extract", message=f"Read document {document_id}") as session:
        return save_extraction(session, session.get_one(Document, document_id), extraction)


def _summarize(taken: list[StatementCounts], *, again: bool) -> str:
    new, changed, gone = (sum(counts) for counts in zip(*taken, strict=True)) if taken else (0, 0, 0)
    occasion = "again" if again else "for the first time"
    return f"{len(taken)} documents read {occasion}: {new} statements new, {changed} changed, {gone} gone."
