"""Batches written to the store without the ORM and the shapes of the API, by the same rules.

Each table is looked up, inserted into and changed in one statement a batch, however many rows that is.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.core.vocab import CodedBy, Outcome
from app.database.models import Claim, Document, Event, Report, to_json_value
from app.store.bulk import rows
from app.store.bulk.batch import Batch, ClaimRow, DocumentKey, EventRow, ReportKey, ReportRow
from app.store.bulk.documents import list_reported_events, put_documents
from app.store.bulk.rows import Row
from app.store.bulk.sources import put_sources
from app.store.bulk.transaction import Change, Transaction
from app.store.derived import counts, statement_index

Pair = tuple[int, int]
"""The ids of the event and the document of a report."""

_WRITTEN = (Outcome.TAKEN, Outcome.CHANGED)


@dataclass
class Stored:
    """The outcome of each record of a batch; records that a person coded are left as they are, and skipped."""

    events: dict[str, Outcome]
    documents: dict[DocumentKey, Outcome]
    reports: dict[ReportKey, Outcome]


def put(transaction: Transaction, batch: Batch) -> Stored:
    """Insert the records that the store does not hold, and change those that differ."""
    connection = transaction.connection
    with rows.words_at_once(connection, Event, Document):
        source_ids = put_sources(transaction, batch.outlets)
        event_ids, events = _put_events(transaction, batch.events)
        event_ids |= find_event_ids(transaction, {key[0] for key in batch.reports} - event_ids.keys())
        document_ids, documents = put_documents(transaction, batch.documents, source_ids)
        pairs = {key: (event_ids[key[0]], document_ids[key[1]]) for key in batch.reports}
        older_events = [ident for key, ident in event_ids.items() if events.get(key) is not Outcome.TAKEN]
        stored_reports = rows.find(connection, Report, "event_id", older_events)
        by_pair = {(row["event_id"], row["document_id"]): row for row in stored_reports}
        reports = _put_reports(transaction, batch, pairs, by_pair)
    changed = [document_ids[key] for key, outcome in documents.items() if outcome is Outcome.CHANGED]
    dirty_events = set(list_reported_events(transaction, changed))
    dirty_events.update(event_ids[key] for key, outcome in events.items() if outcome in _WRITTEN)
    dirty_events.update(pairs[key][0] for key, outcome in reports.items() if outcome in _WRITTEN)
    statement_index.refresh_documents(connection, changed)
    counts.refresh(connection, dirty_events)
    return Stored(events, documents, reports)


def find_event_ids(transaction: Transaction, external_ids: Collection[str]) -> dict[str, int]:
    """Return the ids of the stored events by external id; for a merged event, the id that it was merged into."""
    columns = "external_id, coalesce(merged_into_id, id) AS id"
    events = rows.lookup(transaction.connection, "event", columns, "external_id", external_ids)
    return {row.external_id: row.id for row in events}


def _put_events(transaction: Transaction, events: Mapping[str, EventRow]) -> tuple[dict[str, int], dict[str, Outcome]]:
    stored = {row["external_id"]: row for row in rows.find(transaction.connection, Event, "external_id", events.keys())}
    new = {key: row for key, row in events.items() if key not in stored}
    ids = dict(zip(new, transaction.insert(Event, EventRow._fields, new.values()), strict=True))
    outcomes = dict.fromkeys(new, Outcome.TAKEN) | {key: _compare(events[key], row) for key, row in stored.items()}
    changed = [key for key, outcome in outcomes.items() if outcome is Outcome.CHANGED]
    transaction.change(Event, EventRow._fields, [(stored[key], events[key]) for key in changed])
    return ids | {key: row["merged_into_id"] or row["id"] for key, row in stored.items()}, outcomes


def _compare(new: EventRow | ReportRow, stored: Row) -> Outcome:
    if stored["coded_by"] == CodedBy.HUMAN:
        return Outcome.SKIPPED
    same = all(to_json_value(stored[name]) == value for name, value in zip(new._fields, new, strict=True))
    return Outcome.UNCHANGED if same else Outcome.CHANGED


def _put_reports(
    transaction: Transaction, batch: Batch, pairs: Mapping[ReportKey, Pair], stored: Mapping[Pair, Row]
) -> dict[ReportKey, Outcome]:
    named: dict[Pair, ReportKey] = {}
    new: dict[Pair, ReportKey] = {}
    changes: list[Change] = []
    outcomes: dict[ReportKey, Outcome] = {}
    for key, row in batch.reports.items():
        before = stored.get(pairs[key])
        if named.setdefault(pairs[key], key) is not key:  # two events that were merged, in one document
            outcomes[key] = Outcome.UNCHANGED
            continue
        if before is None:
            outcomes[key] = Outcome.TAKEN
            new[pairs[key]] = key
            continue
        merged = ReportRow(*(to_json_value(before[name]) for name in ReportRow._fields)).merge(row)
        outcomes[key] = _compare(merged, before)
        if outcomes[key] is Outcome.CHANGED:
            changes.append((before, merged))
    transaction.change(Report, ReportRow._fields, changes)
    _add_reports(transaction, batch, new)
    return outcomes


def _add_reports(transaction: Transaction, batch: Batch, reports: Mapping[Pair, ReportKey]) -> None:
    values = [(*pair, *batch.reports[key]) for pair, key in reports.items()]
    ids = transaction.insert(Report, ("event_id", "document_id", *ReportRow._fields), values)
    claims = [
        (ident, *claim) for ident, key in zip(ids, reports.values(), strict=True) for claim in batch.claims.get(key, ())
    ]
    transaction.insert(Claim, ("report_id", *ClaimRow._fields), claims)
