"""Documents in bulk: known by outlet and identity, that is by address or title; versions of an item by their text."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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

_KNOWN = ("id", "source_id", "identity", "sha256", "coded_by", "language", "published_at", "retrieved_at")
_SEEN = DocumentRow._fields[DocumentRow._fields.index("retrieved_at") :]


def put(
    transaction: Transaction, documents: Mapping[DocumentKey, DocumentRow], sources: Mapping[str, int]
) -> tuple[dict[DocumentKey, int], dict[DocumentKey, Outcome]]:
    """The id of each document, and what became of it.

    A text that the store does not hold is added, as a version of the item where it holds another text of it. An item
    of which only the address or title is known is the newest text that the store holds of it, whatever that is.
    """
    items = {key: (sources[key[0]], key[1]) for key in documents}
    there = versions(transaction, set(items.values()))
    ids: dict[DocumentKey, int] = {}
    seen: dict[int, DocumentRow] = {}
    new: dict[Item, DocumentRow] = {}
    for key, row in documents.items():
        known = _known(there.get(items[key], ()), row)
        if known is None:
            new[items[key]] = row
        else:
            ids[key] = known["id"]
            if _tells_more(known, row):
                seen[known["id"]] = row
    _see(transaction, seen)
    outcomes = {key: Outcome.CHANGED if ident in seen else Outcome.UNCHANGED for key, ident in ids.items()}
    added = _add(transaction, new, there)
    missing = [key for key in documents if key not in ids]
    return ids | {key: added[items[key]] for key in missing}, outcomes | dict.fromkeys(missing, Outcome.TAKEN)


def versions(transaction: Transaction, items: Collection[Item]) -> dict[Item, list[Row]]:
    """What the store holds of each item, the oldest first, without its text."""
    found: dict[Item, list[Row]] = defaultdict(list)
    pairs = rows.find_pairs(transaction.connection, Document, ("source_id", "identity"), items, _KNOWN)
    for row in sorted(pairs, key=lambda row: int(row["id"])):
        found[row["source_id"], row["identity"]].append(row)
    return found


def reporting(transaction: Transaction, documents: Collection[int]) -> Iterable[int]:
    """The events that the documents report."""
    found = rows.lookup(transaction.connection, "report", "event_id", "document_id", documents)
    return (row.event_id for row in found)


def _known(there: Sequence[Row], row: DocumentRow) -> Row | None:
    same = next((known for known in there if known["sha256"] == row.sha256), None)
    return there[-1] if same is None and there and not row.text else same


def _tells_more(known: Row, row: DocumentRow) -> bool:
    """Whether a text was captured anew, or an item of which no text is known earlier, or in which language."""
    if known["coded_by"] == CodedBy.HUMAN or known["sha256"] != row.sha256:
        return False
    return _dates_from(known, row) or (known["language"] is None and row.language is not None)


def _dates_from(known: Row, row: DocumentRow) -> bool:
    captured: str = as_driver(known["retrieved_at"])
    return row.retrieved_at > captured if row.text else row.retrieved_at < captured


def _see(transaction: Transaction, documents: Mapping[int, DocumentRow]) -> None:
    before = list(rows.find(transaction.connection, Document, "id", documents.keys()))
    transaction.change(Document, _SEEN, [(known, _seen(known, documents[known["id"]])) for known in before])


def _seen(known: Row, row: DocumentRow) -> tuple[Any, ...]:
    values = row._asdict() if _dates_from(known, row) else known
    language = known["language"] or row.language
    return tuple(language if name == "language" else as_driver(values[name]) for name in _SEEN)


def as_driver(value: Any) -> Any:
    """A date or moment as rows have it."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return value.isoformat() if isinstance(value, dt.date) else value


def _add(transaction: Transaction, documents: Mapping[Item, DocumentRow], there: Versions) -> dict[Item, int]:
    values = [(item[0], there[item][-1]["id"] if item in there else None, *row) for item, row in documents.items()]
    columns = ("source_id", "supersedes_id", *DocumentRow._fields)
    ids = transaction.insert(Document, columns, values)
    texts = (
        DocumentText(ident, row.text, None) for ident, row in zip(ids, documents.values(), strict=True) if row.text
    )
    counts.add_provenance(transaction.connection, texts)
    return dict(zip(documents, ids, strict=True))
