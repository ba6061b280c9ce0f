"""ACLED's export as CSV (https://acleddata.com), by its codebook and the guide to its change of columns in 2023.

A row is an event, coded by people from the sources that it names. ACLED's account of it, its notes and its count of
fatalities, becomes a document of the source ``acled``, with the count as a claim. The reports of the named sources
become documents without an address or a text, since the file only says that they exist.

ACLED corrects a row by publishing it again, under the same id and with a later ``timestamp``.
"""

import csv
import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

import pycountry
from sqlalchemy import Engine

from app.core.errors import BadRequest
from app.core.spans import make_match_key
from app.core.vocab import EventType, Outcome, ReportRole, SourceKind
from app.imports.importer import (
    NAME_LENGTH,
    TITLE_LENGTH,
    EdtfColumns,
    Format,
    Numbered,
    Reject,
    Rejected,
    build_edtf,
    count_outcomes,
    parse_coordinates,
    parse_records,
)
from app.imports.progress import Counts, Progress
from app.store.bulk import documents, load, transaction
from app.store.bulk.batch import Batch, ClaimRow, DocumentKey, DocumentRow, EventRow, Outlet, ReportRow
from app.store.bulk.load import Stored
from app.store.bulk.sources import put_sources
from app.store.bulk.transaction import Transaction
from app.store.fields import hash_text

ACLED = Outlet("ACLED", SourceKind.ORGANIZATION, "acleddata.com")

COLUMNS = (
    *("event_id_cnty", "event_date", "time_precision", "event_type", "sub_event_type", "actor1", "actor2", "iso"),
    *("country", "location", "latitude", "longitude", "source", "notes", "fatalities", "timestamp"),
)

# PLOVER's categories by sub-event type if listed, else by event type.
_TYPES: dict[str, EventType] = {
    "battles": EventType.ASSAULT,
    "explosions/remote violence": EventType.ASSAULT,
    "violence against civilians": EventType.ASSAULT,
    "protests": EventType.PROTEST,
    "riots": EventType.PROTEST,
    "agreement": EventType.AGREE,
    "arrests": EventType.COERCE,
    "change to group/activity": EventType.MOBILIZE,
    "disrupted weapons use": EventType.COERCE,
    "headquarters or base established": EventType.MOBILIZE,
    "looting/property destruction": EventType.COERCE,
    "non-violent transfer of territory": EventType.RETREAT,
    "strategic developments": EventType.COERCE,
}

# ACLED codes events from 1997 on; any other year is an error in the file.
_YEARS = (1990, 2999)

# A quote that is never closed must not swallow the rest of the file.
_MAX_RECORD = 1_000_000

_DAY_FORMATS = ("%Y-%m-%d", "%d %B %Y", "%d-%B-%Y")
_ID = re.compile(r"[A-Za-z0-9_-]{1,50}")
_FATALITIES = re.compile(r"[0-9]{1,9}")
_TIMESTAMP = re.compile(r"[0-9]{1,11}")
_OLDER = "older than what the store holds"


class Row(NamedTuple):
    event: EventRow
    account: DocumentRow
    fatalities: ClaimRow
    sources: Sequence[str]


class Acled(Format):
    """A file with a header, separated by commas or semicolons."""

    name = "acled"

    def __init__(self) -> None:
        self._delimiter = ","
        self._header: list[str] = []

    def records(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        records = _join_quoted_lines(lines)
        self._read_header(next(records, b""))
        return records

    def _read_header(self, record: bytes) -> None:
        text = record.decode("utf-8-sig", errors="replace")
        self._delimiter = max(",;", key=text.count)
        self._header = [name.strip().lower() for name in next(csv.reader([text], delimiter=self._delimiter), [])]
        missing = [name for name in COLUMNS if name not in self._header]
        if missing:
            raise BadRequest(f"The file has no column {', '.join(missing)}: not an export of ACLED's.")

    def load(
        self, engine: Engine, done: Progress, records: Sequence[Numbered], *, message: str, reject: Reject
    ) -> None:
        counts = Counts()
        rows = list(self.parse_rows(records, counts, reject))
        with transaction.begin(engine, message) as bulk:
            newest = _get_newest(bulk, rows) if rows else {}
            batch, accounts, ids = Batch(), dict[str, DocumentKey](), list[str]()
            for row in rows:
                if row.account.retrieved_at < newest.get(row.account.identity, ""):
                    counts.add(Outcome.SKIPPED, _OLDER)
                    continue
                newest[row.account.identity] = row.account.retrieved_at
                ids.append(row.event.external_id)
                accounts[row.event.external_id] = _add(batch, row)
            count_outcomes(counts, ids, _merge_outcomes(accounts, load.put(bulk, batch)))
            done.save(bulk.connection, lines=len(records), counts=counts, revision=bulk.revision)

    def parse_rows(self, records: Iterable[Numbered], counts: Counts, reject: Reject) -> Iterator[Row]:
        """Yield the rows that can be parsed, in the store's terms."""
        return parse_records(records, self._parse_row, counts, reject)

    def _parse_row(self, record: bytes, counts: Counts) -> Row:
        values = self._parse_columns(record)
        external_id = values["event_id_cnty"]
        if not _ID.fullmatch(external_id):
            raise Rejected("event_id_cnty is no id")
        date = _build_date(values["event_date"], values["time_precision"])
        place = values["location"][:NAME_LENGTH] or None
        event = EventRow(
            *(_build_title(values), *date, _get_type(values["event_type"], values["sub_event_type"])),
            *(place, place and make_match_key(place), _get_country(values["iso"], values["country"])),
            *parse_coordinates(values["latitude"], values["longitude"]),
            f"acled:{external_id}",
        )
        names = (name.strip()[:NAME_LENGTH] for name in values["source"].split(";"))
        sources = list(dict.fromkeys(name for name in names if name))
        row = Row(event, *_build_account(external_id, values), sources)
        if event.country is None:
            counts.note("unknown country; taken without")
        return row

    def _parse_columns(self, record: bytes) -> dict[str, str]:
        if b"\0" in record:
            raise Rejected("holds NUL, which cannot be stored")
        try:
            [values] = csv.reader([record.decode()], delimiter=self._delimiter, strict=True)
        except UnicodeDecodeError:
            raise Rejected("not UTF-8") from None
        except (csv.Error, ValueError):
            raise Rejected("not one row of CSV") from None
        if len(values) != len(self._header):
            raise Rejected("not as many columns as the header")
        return {name: value.strip() for name, value in zip(self._header, values, strict=True)}


def _get_newest(bulk: Transaction, rows: Iterable[Row]) -> dict[str, str]:
    """Return the time of the newest stored account of each event, by the account's identity."""
    source = put_sources(bulk, {ACLED.key: ACLED})[ACLED.key]
    versions = documents.list_versions(bulk, {(source, row.account.identity) for row in rows})
    return {
        identity: max(documents.to_driver_value(version["retrieved_at"]) for version in stored)
        for (_, identity), stored in versions.items()
    }


def _add(batch: Batch, row: Row) -> DocumentKey:
    """Add the event, ACLED's account of it and the reports that it names. Return the key of the account."""
    external_id, event = row.event.external_id, row.event
    batch.events[external_id] = event
    report = ReportRow(ReportRole.MAIN.value, None, *event[1:6])
    account = batch.add_document(ACLED, row.account)
    batch.claims[batch.add_report(external_id, account, report)] = [row.fatalities]
    for name in row.sources:
        outlet = Outlet(name, SourceKind.ORGANIZATION)
        title = f"Report cited by ACLED for {external_id.removeprefix('acled:')}"
        cited = DocumentRow(hash_text(title), None, None, title, "", hash_text(""), row.account.retrieved_at)
        batch.add_report(external_id, batch.add_document(outlet, cited), ReportRow(ReportRole.MAIN.value))
    return account


def _merge_outcomes(accounts: Mapping[str, DocumentKey], stored: Stored) -> dict[str, Outcome]:
    """Return the outcome of each row: that of its event, or of the account if only the account has changed."""
    return {
        key: Outcome.CHANGED
        if outcome is Outcome.UNCHANGED and stored.documents[accounts[key]] is not Outcome.UNCHANGED
        else outcome
        for key, outcome in stored.events.items()
    }


def _join_quoted_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield records, each of one line or of the lines over which a quoted value extends."""
    record, open_quote = b"", False
    for line in lines:
        record += line
        open_quote ^= bool(line.count(b'"') % 2)
        if not open_quote or len(record) > _MAX_RECORD:
            yield record
            record, open_quote = b"", False
    if record:
        yield record


def _build_title(values: Mapping[str, str]) -> str:
    """Build a title: ``Rioters (Kenya) – Civilians (Kenya): Mob violence``; the order says nothing of who began."""
    actors = " – ".join(actor for actor in (values["actor1"], values["actor2"]) if actor) or "Unnamed"
    return f"{actors}: {values['sub_event_type'] or values['event_type']}"[:TITLE_LENGTH]


@lru_cache
def _get_type(event_type: str, sub_event_type: str) -> str:
    category = _TYPES.get(sub_event_type.lower()) or _TYPES.get(event_type.lower())
    if category is None:
        raise Rejected("unknown event_type")
    return category.value


@lru_cache
def _build_date(text: str, precision: str) -> EdtfColumns:
    """Build the date: a day for ``time_precision`` 1, its week for 2, its month for 3."""
    day = _parse_day(text)
    match precision:
        case "1":
            return build_edtf(day.isoformat())
        case "2":
            monday = day - dt.timedelta(days=day.weekday())
            return build_edtf(f"{monday}~/{monday + dt.timedelta(days=6)}~")
        case "3":
            return build_edtf(day.isoformat()[:7])
    raise Rejected("time_precision is not 1, 2 or 3")


def _parse_day(text: str) -> dt.date:
    for form in _DAY_FORMATS:
        with suppress(ValueError):
            day = dt.datetime.strptime(text, form).date()
            if _YEARS[0] <= day.year <= _YEARS[1]:
                return day
    raise Rejected("event_date is no date")


@lru_cache
def _get_country(iso: str, name: str) -> str | None:
    if name == "Kosovo":
        return "XK"
    country = pycountry.countries.get(numeric=iso.zfill(3)) or pycountry.countries.get(name=name)
    return None if country is None else str(country.alpha_2)


def _build_account(external_id: str, values: Mapping[str, str]) -> tuple[DocumentRow, ClaimRow]:
    """Build the document of ACLED's notes and, on a line of its own, its count of fatalities; and the claim of it."""
    fatalities = values["fatalities"]
    if not _FATALITIES.fullmatch(fatalities):
        raise Rejected("fatalities is no number")
    notes = f"{values['notes']}\n\n" if values["notes"] else ""
    text = f"{notes}Fatalities: {fatalities}"
    title, published = f"ACLED {external_id}", _parse_timestamp(values["timestamp"])
    account = DocumentRow(
        *(hash_text(title), None, None, title, text, hash_text(text), published, "en", published),
        *build_edtf(published[:10]),
    )
    return account, ClaimRow(
        "fatalities", fatalities, str(int(fatalities)), "persons", len(text) - len(fatalities), len(text)
    )


@lru_cache
def _parse_timestamp(timestamp: str) -> str:
    if not _TIMESTAMP.fullmatch(timestamp):
        raise Rejected("timestamp is no number of seconds")
    return dt.datetime.fromtimestamp(int(timestamp), dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
