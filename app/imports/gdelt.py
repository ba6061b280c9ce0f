"""GDELT 2.0's events and mentions, as it publishes them every 15 minutes (https://www.gdeltproject.org/data.html).

An event names the address of the first report of it that GDELT found; the mentions name every report, often of events
of other files. What names an event that the store does not hold is set aside until the event comes, so that the
files may come in any order.
"""

import hashlib
from collections.abc import Collection, Sequence

from sqlalchemy import Connection, Engine, text

from app.core.vocab import Outcome
from app.database.engine import open_read_transaction
from app.database.models import PendingMention
from app.imports import gdelt_lines
from app.imports.gdelt_lines import Mention
from app.imports.importer import Format, Numbered, Reject, count, parsed
from app.imports.progress import Counts, Progress
from app.store.bulk import load as bulk
from app.store.bulk import rows, transaction
from app.store.bulk.batch import Batch, ReportKey
from app.store.bulk.transaction import Transaction


class Events(Format):
    """``*.export.CSV``: 61 columns, separated by tabs, without a header."""

    name = "gdelt-events"

    def load(
        self, engine: Engine, done: Progress, records: Sequence[Numbered], *, message: str, reject: Reject
    ) -> None:
        counts, batch, named = Counts(), Batch(), list[str]()
        for event in parsed(records, gdelt_lines.event, counts, reject):
            external_id = event.row.external_id
            named.append(external_id)
            batch.events[external_id] = event.row
            if event.item is not None:
                batch.add_report(external_id, batch.add_document(*event.item), event.report)
        with transaction.begin(engine, message) as here:
            counts.note("mentions that had waited for their event", _take_up(here, batch))
            count(counts, named, bulk.put(here, batch).events)
            done.save(here.connection, lines=len(records), counts=counts, revision=here.revision)


class Mentions(Format):
    """``*.mentions.CSV``: 16 columns, separated by tabs, without a header."""

    name = "gdelt-mentions"

    def load(
        self, engine: Engine, done: Progress, records: Sequence[Numbered], *, message: str, reject: Reject
    ) -> None:
        counts, batch = Counts(), Batch()
        mentions = list(parsed(records, gdelt_lines.mention, counts, reject))
        with transaction.begin(engine, message) as here:
            known = bulk.find_event_ids(here, {mention.external_id for mention in mentions})
            unknown = [mention for mention in mentions if mention.external_id not in known]
            named = [_add(batch, mention) for mention in mentions if mention.external_id in known]
            _set_aside(here.connection, unknown)
            count(counts, named, bulk.put(here, batch).reports)
            for _ in unknown:
                counts.add(Outcome.WAITING)
            done.save(here.connection, lines=len(records), counts=counts, revision=here.revision)


def waiting(engine: Engine) -> int:
    """How many mentions have been set aside."""
    with open_read_transaction(engine) as session:
        return int(session.connection().execute(text("SELECT count(*) FROM pending_mention")).scalar_one())


def _add(batch: Batch, mention: Mention) -> ReportKey:
    return batch.add_report(mention.external_id, batch.add_document(mention.outlet, mention.document), mention.report)


def _set_aside(connection: Connection, mentions: Collection[Mention]) -> None:
    if mentions:
        mark = ", ".join(("?" if connection.dialect.name == "sqlite" else "%s",) * 3)
        insert = f"INSERT INTO pending_mention (external_id, fingerprint, line) VALUES ({mark}) ON CONFLICT DO NOTHING"
        connection.exec_driver_sql(insert, [_pending(mention) for mention in mentions])


def _pending(mention: Mention) -> tuple[str, str, str]:
    line = mention.line.rstrip(b"\r\n")
    return mention.external_id, hashlib.sha256(line).hexdigest(), line.decode()


def _take_up(here: Transaction, batch: Batch) -> int:
    """Add to the batch what was set aside for its events; returns the number of mentions."""
    found = rows.find(here.connection, PendingMention, "external_id", batch.events.keys())
    for row in found:
        _add(batch, gdelt_lines.mention(row["line"].encode(), Counts()))
    if found:
        condition, keys = rows.among(here.connection, "external_id", {row["external_id"] for row in found})
        here.connection.execute(text(f"DELETE FROM pending_mention WHERE {condition}"), keys)
    return len(found)
