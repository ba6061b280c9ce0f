"""Batches into the store: past the ORM and the shapes of the API, by the same rules.

Each table is looked up, inserted into and changed in one statement a batch, however many rows that is.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.core.vocab import CodedBy, Outcome
from app.database.models import Claim, Document, Event, Report, to_json_value
from app.store.bulk import documents as captures
from app.store.bulk import rows, sources
from app.store.bulk.batch import Batch, ClaimRow, DocumentKey, EventRow, ReportKey, ReportRow
from app.store.bulk.rows import Row
from app.store.bulk.transaction import Change, Transaction
from app.store.derived import counts, statement_index

Pair = tuple[int, int]
"""The ids of the event and the document of a report."""


@dataclass
class Stored:
    """What became of the records of a batch. What a person has read is left as it is, and skipped."""

    events: dict[str, Outcome]
    documents: dict[DocumentKey, Outcome]
    reports: dict[ReportKey, Outcome]


def put(transaction: Transaction, batch: Batch) -> Stored:
    """Insert what the store does not hold, and change what differs."""
    with rows.words_at_once(transaction.connection, Event, Document):
        source_ids = sources.put(transaction, batch.outlets)
        event_ids, events = _put_events(transaction, batch.events)
        event_ids |= known_events(transaction, {key[0] for key in batch.reports} - event_ids.keys())
        document_ids, documents = captures.put(transaction, batch.documents, source_ids)
        pairs = {key: (event_ids[key[0]], document_ids[key[1]]) for key in batch.reports}
        reports = _put_reports(transaction, batch, pairs, _reports_of(transaction, _there(event_ids, events)))
    stored = Stored(events, documents, reports)
    touched = {event_ids[key] for key in _moved(events)} | {pairs[key][0] for key in _moved(reports)}
    changed = [document_ids[key] for key, outcome in documents.items() if outcome is Outcome.CHANGED]
    touched.update(captures.reporting(transaction, changed))
    statement_index.refresh_documents(transaction.connection, changed)
    if touched:
        counts.refresh(transaction.connection, touched)
    return stored


def known_events(transaction: Transaction, external_ids: Collection[str]) -> dict[str, int]:
    """Those of the events that the store holds, with their ids, or the ids of those that they were merged into."""
    columns = "external_id, coalesce(merged_into_id, id) AS id"
    found = rows.lookup(transaction.connection, "event", columns, "external_id", external_ids)
    return {row.external_id: row.id for row in found}


def _there(event_ids: Mapping[str, int], outcomes: Mapping[str, Outcome]) -> list[int]:
    """The events that are older than the transaction."""
    return [ident for key, ident in event_ids.items() if outcomes.get(key) is not Outcome.TAKEN]


def _moved(outcomes: Mapping[Any, Outcome]) -> Iterable[Any]:
    return (key for key, outcome in outcomes.items() if outcome in (Outcome.TAKEN, Outcome.CHANGED))


def _put_events(transaction: Transaction, events: Mapping[str, EventRow]) -> tuple[dict[str, int], dict[str, Outcome]]:
    there = {row["external_id"]: row for row in rows.find(transaction.connection, Event, "external_id", events.keys())}
    new = {key: row for key, row in events.items() if key not in there}
    ids = dict(zip(new, transaction.insert(Event, EventRow._fields, new.values()), strict=True))
    outcomes = dict.fromkeys(new, Outcome.TAKEN) | {key: _compared(events[key], row) for key, row in there.items()}
    changed = [key for key, outcome in outcomes.items() if outcome is Outcome.CHANGED]
    transaction.change(Event, EventRow._fields, [(there[key], events[key]) for key in changed])
    return ids | {key: row["merged_into_id"] or row["id"] for key, row in there.items()}, outcomes


def _compared(new: EventRow | ReportRow, there: Row) -> Outcome:
    if there["coded_by"] == CodedBy.HUMAN:
        return Outcome.SKIPPED
    same = all(to_json_value(there[name]) == value for name, value in zip(new._fields, new, strict=True))
    return Outcome.UNCHANGED if same else Outcome.CHANGED


def _reports_of(transaction: Transaction, events: Collection[int]) -> dict[Pair, Row]:
    found = rows.find(transaction.connection, Report, "event_id", events)
    return {(row["event_id"], row["document_id"]): row for row in found}


def _put_reports(
    transaction: Transaction, batch: Batch, pairs: Mapping[ReportKey, Pair], there: Mapping[Pair, Row]
) -> dict[ReportKey, Outcome]:
    named: dict[Pair, ReportKey] = {}
    new: dict[Pair, ReportKey] = {}
    changes: list[Change] = []
    outcomes: dict[ReportKey, Outcome] = {}
    for key, row in batch.reports.items():
        before = there.get(pairs[key])
        if named.setdefault(pairs[key], key) is not key:  # two events that were merged, in one document
            outcomes[key] = Outcome.UNCHANGED
            continue
        if before is None:
            outcomes[key] = Outcome.TAKEN
            new[pairs[key]] = key
            continue
        merged = ReportRow(*(to_json_value(before[name]) for name in ReportRow._fields)).merged(row)
        outcomes[key] = _compared(merged, before)
        if outcomes[key] is Outcome.CHANGED:
            changes.append((before, merged))
    transaction.change(Report, ReportRow._fields, changes)
    _add_reports(transaction, batch, new)
    return outcomes


def _add_reports(transaction: Transaction, batch: Batch, reports: Mapping[Pair, ReportKey]) -> None:
    made = [(*pair, *batch.reports[key]) for pair, key in reports.items()]
    ids = transaction.insert(Report, ("event_id", "document_id", *ReportRow._fields), made)
    claims = [
        (ident, *claim) for ident, key in zip(ids, reports.values(), strict=True) for claim in batch.claims.get(key, ())
    ]
    transaction.insert(Claim, ("report_id", *ClaimRow._fields), claims)
