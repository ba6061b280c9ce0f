"""One line of GDELT 2.0's files, in the store's terms; a line that cannot be parsed raises `Rejected`.

The columns are those of the GDELT Event Database's codebook, version 2.0.
"""

import datetime as dt
import re
from functools import lru_cache
from typing import NamedTuple

import langcodes

from app.core.spans import make_match_key
from app.core.urls import canonicalize_url, get_domain
from app.core.vocab import ReportRole, SourceKind
from app.imports import cameo, fips
from app.imports.importer import NAME_LENGTH, TITLE_LENGTH, EdtfColumns, Rejected, build_edtf, parse_coordinates
from app.imports.progress import Counts
from app.store.bulk.batch import DocumentRow, EventRow, Outlet, ReportRow
from app.store.fields import hash_text

EVENT_COLUMNS, MENTION_COLUMNS = 61, 16
FIRST_YEAR = 1979

# IsRootEvent, the flag for events of an article's lead, is set up to about this sentence.
LEAD_SENTENCES = 5

# MentionType
_WEB, _BROADCAST = "1", "6"
_CITATIONS = ("2", "3", "4", "5")

_MAIN, _BACKGROUND = ReportRole.MAIN.value, ReportRole.BACKGROUND.value
_NO_TEXT = hash_text("")
_ID = re.compile(r"[0-9]{1,18}")
_SMALL = re.compile(r"[0-9]{1,9}")
_WORD = re.compile(r"[^\W\d_]+(?:['’]\w+)?")
_ACRONYMS = {"EU", "NATO", "UK", "UN", "US", "USA"}
_UNNAMED = "Unnamed"
_CACHE_SIZE = 20_000
"""Addresses, places and titles remembered of each kind: those of one batch and more."""


class Event(NamedTuple):
    row: EventRow
    item: tuple[Outlet, DocumentRow] | None
    report: ReportRow


class Mention(NamedTuple):
    external_id: str
    line: bytes
    outlet: Outlet
    document: DocumentRow
    report: ReportRow


def parse_event(line: bytes, counts: Counts) -> Event:
    """Parse a line of ``*.export.CSV``: the event, and the first report of it if that has a web address."""
    columns = _split_columns(line, EVENT_COLUMNS)
    code, added, country = columns[26], columns[59], columns[53]
    date, note = _build_event_date(columns[1], added)
    row = EventRow(
        *(_build_title(columns[6], columns[16], code), *date, _get_event_type(code)),
        *(*_build_place(columns[52]), fips.ISO.get(country), *parse_coordinates(columns[56], columns[57])),
        _build_external_id(columns[0]),
    )
    item = _build_web_item(columns[60], _parse_moment(added))
    role = _MAIN if columns[25] == "1" else _BACKGROUND
    if note is not None:
        counts.note(note)
    if country and country not in fips.ISO:
        counts.note("unknown FIPS country code; taken without a country")
    if item is None:
        counts.note("SOURCEURL is no web address; taken without a report")
    return Event(row, item, ReportRow(role, None, *date))


def parse_mention(line: bytes, _counts: Counts) -> Mention:
    """Parse a line of ``*.mentions.CSV``: one report of an event."""
    columns = _split_columns(line, MENTION_COLUMNS)
    outlet, document = _build_item(columns[3], columns[4], columns[5], _parse_moment(columns[2]))
    sentence, confidence = _parse_number(columns[6], "SentenceID"), _parse_number(columns[11], "Confidence")
    if confidence > 100:
        raise Rejected("Confidence is above 100")
    role = _MAIN if sentence <= LEAD_SENTENCES else _BACKGROUND
    document = document._replace(language=_get_language(columns[14]))
    return Mention(_build_external_id(columns[0]), line, outlet, document, ReportRow(role, confidence / 100))


def _split_columns(line: bytes, number: int) -> list[str]:
    try:
        columns = line.decode().rstrip("\r\n").split("\t")
    except UnicodeDecodeError:
        raise Rejected("not UTF-8") from None
    if len(columns) != number:
        raise Rejected(f"not {number} columns")
    if b"\0" in line:
        raise Rejected("holds NUL, which cannot be stored")
    return columns


def _build_external_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise Rejected("GLOBALEVENTID is no number")
    return f"gdelt:{text}"


def _parse_number(text: str, name: str) -> int:
    if not _SMALL.fullmatch(text):
        raise Rejected(f"{name} is no number")
    return int(text)


@lru_cache
def _parse_moment(text: str) -> str:
    try:
        moment = dt.datetime.strptime(text, "%Y%m%d%H%M%S")
    except ValueError:
        raise Rejected("the time of recording is no YYYYMMDDHHMMSS") from None
    if moment.year < FIRST_YEAR:
        raise Rejected(f"recorded before {FIRST_YEAR}")
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


@lru_cache
def _build_event_date(text: str, added: str) -> tuple[EdtfColumns, str | None]:
    """Return the date of the event, and a note for the summary if it is not a plain day.

    GDELT's coder turns "last week", "last month" and "last year" into exactly 7, 30 and 365 days before the day of
    recording. Such a day is an artefact: the text meant some time in that week, month or year. "Yesterday" is a day.
    A day at any other distance stays as it is, but uncertain.
    """
    recorded = dt.date.fromisoformat(_parse_moment(added)[:10])
    day = _parse_sqldate(text)
    if day is None:
        return build_edtf(_build_month_or_year(text)), "SQLDATE has no day"
    match (recorded - day).days:
        case 0 | 1:
            return build_edtf(day.isoformat()), None
        case 7:
            monday = day - dt.timedelta(days=day.weekday())
            return build_edtf(
                f"{monday}~/{monday + dt.timedelta(days=6)}~"
            ), 'SQLDATE means "last week"; dated to a week'
        case 30:
            month = recorded.replace(day=1) - dt.timedelta(days=1)
            return build_edtf(_build_range(month, day, "%Y-%m~")), 'SQLDATE means "last month"; dated to a month'
        case 365:
            year = recorded.replace(month=1, day=1) - dt.timedelta(days=1)
            return build_edtf(_build_range(year, day, "%Y~")), 'SQLDATE means "last year"; dated to a year'
    return build_edtf(f"{day}?"), "SQLDATE is far from the day of recording; marked uncertain"


def _build_range(meant: dt.date, coded: dt.date, form: str) -> str:
    """Return the month or year that was meant, extended to that of the coded day if it is another."""
    return "/".join(sorted({meant.strftime(form), coded.strftime(form)}))


def _parse_sqldate(text: str) -> dt.date | None:
    """Return the day of an SQLDATE, or None if it is only a month or a year."""
    if not re.fullmatch("[0-9]{8}|[0-9]{6}|[0-9]{4}", text) or text.startswith("0000"):
        raise Rejected("SQLDATE is no date")
    if len(text) < 8 or text.endswith("00"):
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise Rejected("SQLDATE is no date") from None


def _build_month_or_year(text: str) -> str:
    year, month = text[:4], text[4:6]
    if month in ("", "00"):
        return year
    if not "01" <= month <= "12":
        raise Rejected("SQLDATE is no date")
    return f"{year}-{month}"


@lru_cache
def _get_event_type(code: str) -> str:
    try:
        return cameo.get_event_type(code).value
    except KeyError:
        raise Rejected("no CAMEO code") from None


@lru_cache(_CACHE_SIZE)
def _build_title(actor: str, target: str, code: str) -> str:
    """Build a title: ``Russia – North Korea: sign an agreement (CAMEO 057)``."""
    names = " – ".join(_format_name(name) for name in ((actor, target) if target else (actor,)))
    return f"{names}: {_get_phrase(code)} (CAMEO {code})"


def _get_phrase(code: str) -> str:
    try:
        return cameo.get_phrase(code)
    except KeyError:
        raise Rejected("no CAMEO code") from None


def _format_name(actor: str) -> str:
    """Return an actor's name, which GDELT prints in capitals, with initial capitals."""
    if not actor:
        return _UNNAMED
    return _WORD.sub(lambda word: word[0] if word[0] in _ACRONYMS else word[0].capitalize(), actor[:NAME_LENGTH])


@lru_cache(_CACHE_SIZE)
def _build_place(name: str) -> tuple[str | None, str | None]:
    name = name[:NAME_LENGTH].strip()
    return (name, make_match_key(name)) if name else (None, None)


def _build_item(kind: str, name: str, address: str, seen: str) -> tuple[Outlet, DocumentRow]:
    """Return the outlet and the document that a mention names, by its MentionType."""
    if kind == _WEB:
        item = _build_web_item(address, seen)
        if item is None:
            raise Rejected("MentionIdentifier is no web address")
        return item
    if kind not in (*_CITATIONS, _BROADCAST):
        raise Rejected("unknown MentionType")
    if not name.strip() or not address.strip():
        raise Rejected("MentionSourceName or MentionIdentifier is empty")
    outlet = Outlet(name.strip(), SourceKind.BROADCASTER if kind == _BROADCAST else SourceKind.ORGANIZATION)
    web = _build_web_item(address, seen) if kind == _BROADCAST else None
    title = address.strip()[:TITLE_LENGTH]
    return outlet, web[1] if web else _build_document(seen, hash_text(title), None, None, title)


@lru_cache(_CACHE_SIZE)
def _build_web_item(url: str, seen: str) -> tuple[Outlet, DocumentRow] | None:
    """Return the outlet and the document at a web address, or None if it is not one."""
    try:
        canonical = canonicalize_url(url)
    except ValueError:
        return None
    host = _get_host_domain(canonical.split("/", 3)[2])
    outlet = Outlet(host, SourceKind.ONLINE, host)
    return outlet, _build_document(seen, hash_text(canonical), url, canonical, None)


@lru_cache(_CACHE_SIZE)
def _get_host_domain(authority: str) -> str:
    return get_domain(f"https://{authority}/")


def _build_document(seen: str, identity: str, url: str | None, canonical: str | None, title: str | None) -> DocumentRow:
    """Build a document without a text, first seen in the quarter of an hour that ended at ``seen``."""
    published = build_edtf(seen[:10])
    return DocumentRow(identity, url, canonical, title, "", _NO_TEXT, seen, None, seen, *published)


@lru_cache
def _get_language(translation: str) -> str | None:
    """Return the language of the original by TranslationInfo's ISO 639-2 code; it is empty for English."""
    if not translation:
        return "en"
    code = re.match("srclc:([a-z]{3});", translation)
    return langcodes.standardize_tag(code[1]) if code and langcodes.tag_is_valid(code[1]) else None
