"""Documents in bulk: an item is identified by its outlet and its address or title, a version of it by its text."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.core.vocab import CodedBy, Outcome
from app.database.models import Document
from app.store.bulk import rows
from app.store.bulk.batch import DocumentKey, DocumentRow
from app.store.bulk.rows import Row
from app.store.bulk.transaction import Transaction
from app.store.derived import counts
from app.store.derived.counts import DocumentText

Item = tuple[int, str]
"""The id of the source, and the identity."""
Versions = Mapping[Item, Sequence[Row]]

_COMPARED = ("id", "source_id", "identity", "sha256", "coded_by", "language", "published_at", "retrieved_at")
_CAPTURE_COLUMNS = DocumentRow._fields[DocumentRow._fields.index("retrieved_at") :]


def put_documents(
    transaction: Transaction, documents: Mapping[DocumentKey, DocumentRow], sources: Mapping[str, int]
) -> tuple[dict[DocumentKey, int], dict[DocumentKey, Outcome]]:
    """Add or update documents; return the id and the outcome of each.

    A text that the store does not hold is added, as a version of the item if the store holds another text of it. An
    item of which only the address or title is known is the newest text that the store holds of it, whatever that is.
    """
    items = {key: (sources[key[0]], key[1]) for key in documents}
    stored = list_versions(transaction, set(items.values()))
    ids: dict[DocumentKey, int] = {}
    changed: dict[int, DocumentRow] = {}
    new: dict[Item, DocumentRow] = {}
    for key, row in documents.items():
        versions = stored.get(items[key], ())
        match = next((version for version in versions if version["sha256"] == row.sha256), None)
        if match is None and versions and not row.text:
            match = versions[-1]
        if match is None:
            new[items[key]] = row
            continue
        ids[key] = match["id"]
        if _says_more(match, row):
            changed[match["id"]] = row
    _update(transaction, changed)
    outcomes = {key: Outcome.CHANGED if ident in changed else Outcome.UNCHANGED for key, ident in ids.items()}
    added = _add(transaction, new, stored)
    missing = [key for key in documents if key not in ids]
    return ids | {key: added[items[key]] for key in missing}, outcomes | dict.fromkeys(missing, Outcome.TAKEN)


def list_versions(transaction: Transaction, items: Collection[Item]) -> dict[Item, list[Row]]:
    """Return the stored versions of each item without their texts, the oldest first."""
    versions: dict[Item, list[Row]] = defaultdict(list)
    pairs = rows.find_pairs(transaction.connection, Document, ("source_id", "identity"), items, _COMPARED)
    for row in sorted(pairs, key=lambda row: int(row["id"])):
        versions[row["source_id"], row["identity"]].append(row)
    return versions


def list_reported_events(transaction: Transaction, documents: Collection[int]) -> list[int]:
    """Return the ids of the events that the documents report."""
    reports = rows.lookup(transaction.connection, "report", "event_id", "document_id", documents)
    return [row.event_id for row in reports]


def _says_more(stored: Row, row: DocumentRow) -> bool:
    """Tell whether a text was captured later, an item without a text was seen earlier, or its language is new."""
    if stored["coded_by"] == CodedBy.HUMAN or stored["sha256"] != row.sha256:
        return False
    return _is_better_capture(stored, row) or (stored["language"] is None and row.language is not None)


def _is_better_capture(stored: Row, row: DocumentRow) -> bool:
    captured: str = to_driver_value(stored["retrieved_at"])
    return row.retrieved_at > captured if row.text else row.retrieved_at < captured


def _update(transaction: Transaction, documents: Mapping[int, DocumentRow]) -> None:
    changes = []
    for stored in rows.find(transaction.connection, Document, "id", documents.keys()):
        row = documents[stored["id"]]
        values = dict(row._asdict() if _is_better_capture(stored, row) else stored)
        values["language"] = stored["language"] or row.language
        changes.append((stored, tuple(to_driver_value(values[name]) for name in _CAPTURE_COLUMNS)))
    transaction.change(Document, _CAPTURE_COLUMNS, changes)


def to_driver_value(value: Any) -> Any:
    """Return a date or moment as the text that a batch has for it, and any other value as it is."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.isoformat() if isinstance(value, dt.date) else value


def _add(transaction: Transaction, documents: Mapping[Item, DocumentRow], stored: Versions) -> dict[Item, int]:
    values = [(item[0], stored[item][-1]["id"] if item in stored else None, *row) for item, row in documents.items()]
    columns = ("source_id", "supersedes_id", *DocumentRow._fields)
    ids = transaction.insert(Document, columns, values)
    texts = (
        DocumentText(ident, row.text, None) for ident, row in zip(ids, documents.values(), strict=True) if row.text
    )
    counts.add_provenance(transaction.connection, texts)
    return dict(zip(documents, ids, strict=True))
