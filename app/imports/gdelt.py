"""GDELT 2.0's events and mentions, as it publishes them every 15 minutes (https://www.gdeltproject.org/data.html).

An event names the address of the first report of it that GDELT found; the mentions name every report, often of events
in other files. A mention of an event that the store does not hold yet is set aside until the event comes, so the files
can be imported in any order.
"""

import hashlib
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Engine, text

from app.core.vocab import Outcome
from app.database.engine import open_read_transaction
from app.database.models import PendingMention
from app.imports import gdelt_lines
from app.imports.gdelt_lines import Mention
from app.imports.importer import Format, Numbered, Reject, count_outcomes, parse_records
from app.imports.progress import Counts, Progress
from app.store.bulk import load, rows, transaction
from app.store.bulk.batch import Batch, ReportKey
from app.store.bulk.transaction import Transaction


class Events(Format):
    """``*.export.CSV``: 61 columns, separated by tabs, without a header."""

    name = "gdelt-events"

    def load(
        self, engine: Engine, done: Progress, records: Sequence[Numbered], *, message: str, reject: Reject
    ) -> None:
        counts, batch, ids = Counts(), Batch(), list[str]()
        for event in parse_records(records, gdelt_lines.parse_event, counts, reject):
            external_id = event.row.external_id
            ids.append(external_id)
            batch.events[external_id] = event.row
            if event.item is not None:
                batch.add_report(external_id, batch.add_document(*event.item), event.report)
        with transaction.begin(engine, message) as bulk:
            counts.note("mentions that had waited for their event", _add_pending(bulk, batch))
            count_outcomes(counts, ids, load.put(bulk, batch).events)
            done.save(bulk.connection, lines=len(records), counts=counts, revision=bulk.revision)


class Mentions(Format):
    """``*.mentions.CSV``: 16 columns, separated by tabs, without a header."""

    name = "gdelt-mentions"

    def load(
        self, engine: Engine, done: Progress, records: Sequence[Numbered], *, message: str, reject: Reject
    ) -> None:
        counts, batch = Counts(), Batch()
        mentions = list(parse_records(records, gdelt_lines.parse_mention, counts, reject))
        with transaction.begin(engine, message) as bulk:
            present = load.find_event_ids(bulk, {mention.external_id for mention in mentions})
            unknown = [mention for mention in mentions if mention.external_id not in present]
            ids = [_add_mention(batch, mention) for mention in mentions if mention.external_id in present]
            _set_aside(bulk.connection, unknown)
            count_outcomes(counts, ids, load.put(bulk, batch).reports)
            for _ in unknown:
                counts.add(Outcome.WAITING)
            done.save(bulk.connection, lines=len(records), counts=counts, revision=bulk.revision)


def count_pending(engine: Engine) -> int:
    """Return how many mentions have been set aside."""
    with open_read_transaction(engine) as session:
        return int(session.connection().execute(text("SELECT count(*) FROM pending_mention")).scalar_one())


def _add_mention(batch: Batch, mention: Mention) -> ReportKey:
    return batch.add_report(mention.external_id, batch.add_document(mention.outlet, mention.document), mention.report)


def _set_aside(connection: Connection, mentions: Collection[Mention]) -> None:
    lines = [(mention.external_id, mention.line.rstrip(b"\r\n")) for mention in mentions]
    values = [(external_id, hashlib.sha256(line).hexdigest(), line.decode()) for external_id, line in lines]
    if values:
        mark = ", ".join(("?" if connection.dialect.name == "sqlite" else "%s",) * 3)
        insert = f"INSERT INTO pending_mention (external_id, fingerprint, line) VALUES ({mark}) ON CONFLICT DO NOTHING"
        connection.exec_driver_sql(insert, values)


def _add_pending(bulk: Transaction, batch: Batch) -> int:
    """Add the mentions that were set aside for the batch's events, and delete them there. Return their number."""
    pending = rows.find(bulk.connection, PendingMention, "external_id", batch.events.keys())
    for row in pending:
        _add_mention(batch, gdelt_lines.parse_mention(row["line"].encode(), Counts()))
    if pending:
        condition, keys = rows.among(bulk.connection, "external_id", {row["external_id"] for row in pending})
        bulk.connection.execute(text(f"DELETE FROM pending_mention WHERE {condition}"), keys)
    return len(pending)
