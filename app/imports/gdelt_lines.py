"""One line of GDELT 2.0's files, in the store's terms; raises Rejected, in a few words, where that cannot be.

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
from app.imports.importer import NAME_LENGTH, TITLE_LENGTH, EdtfColumns, Rejected, coordinates, edtf
from app.imports.progress import Counts
from app.store.bulk.batch import DocumentRow, EventRow, Outlet, ReportRow
from app.store.fields import hash_text

EVENT_COLUMNS, MENTION_COLUMNS = 61, 16
FIRST_YEAR = 1979

# IsRootEvent, the flag for events of an article's lead, is set in its first sentences up to about here.
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
_SEVERAL = 20_000
"""How many different addresses, places and titles are remembered: those of one batch and more."""


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


def event(line: bytes, counts: Counts) -> Event:
    """A line of ``*.export.CSV``: the event, and the first report of it where that has a web address."""
    columns = _columns(line, EVENT_COLUMNS)
    code, added, country = columns[26], columns[59], columns[53]
    date, doubt = _event_date(columns[1], added)
    row = EventRow(
        *(_title(columns[6], columns[16], code), *date, _event_type(code)),
        *(*_place(columns[52]), fips.ISO.get(country), *coordinates(columns[56], columns[57])),
        _external_id(columns[0]),
    )
    item = _web_item(columns[60], _moment(added))
    role = _MAIN if columns[25] == "1" else _BACKGROUND
    if doubt is not None:
        counts.note(doubt)
    if country and country not in fips.ISO:
        counts.note("unknown FIPS country code; taken without a country")
    if item is None:
        counts.note("SOURCEURL is no web address; taken without a report")
    return Event(row, item, ReportRow(role, None, *date))


def mention(line: bytes, _counts: Counts) -> Mention:
    """A line of ``*.mentions.CSV``: one report of an event."""
    columns = _columns(line, MENTION_COLUMNS)
    outlet, document = _item(columns[3], columns[4], columns[5], _moment(columns[2]))
    sentence, confidence = _number(columns[6], "SentenceID"), _number(columns[11], "Confidence")
    if confidence > 100:
        raise Rejected("Confidence is above 100")
    role = _MAIN if sentence <= LEAD_SENTENCES else _BACKGROUND
    document = document._replace(language=_language(columns[14]))
    return Mention(_external_id(columns[0]), line, outlet, document, ReportRow(role, confidence / 100))


def _columns(line: bytes, number: int) -> list[str]:
    try:
        columns = line.decode().rstrip("\r\n").split("\t")
    except UnicodeDecodeError:
        raise Rejected("not UTF-8") from None
    if len(columns) != number:
        raise Rejected(f"not {number} columns")
    if b"\0" in line:
        raise Rejected("holds NUL, which cannot be stored")
    return columns


def _external_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise Rejected("GLOBALEVENTID is no number")
    return f"gdelt:{text}"


def _number(text: str, name: str) -> int:
    if not _SMALL.fullmatch(text):
        raise Rejected(f"{name} is no number")
    return int(text)


@lru_cache
def _moment(text: str) -> str:
    try:
        moment = dt.datetime.strptime(text, "%Y%m%d%H%M%S")
    except ValueError:
        raise Rejected("the time of recording is no YYYYMMDDHHMMSS") from None
    if moment.year < FIRST_YEAR:
        raise Rejected(f"recorded before {FIRST_YEAR}")
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


@lru_cache
def _event_date(text: str, added: str) -> tuple[EdtfColumns, str | None]:
    """When the event took place, and what is to be known of it where that is not a plain day.

    GDELT's coder turns "last week", "last month" and "last year" into 7, 30 and 365 days before the day on which it
    recorded the event, exactly. The day is then nobody's: what was meant is some time in that week, month or year.
    "Yesterday" is a day. Any other distance is kept as it is, but uncertain.
    """
    recorded = dt.date.fromisoformat(_moment(added)[:10])
    day = _sqldate(text)
    if day is None:
        return edtf(_partial(text)), "SQLDATE has no day"
    match (recorded - day).days:
        case 0 | 1:
            return edtf(day.isoformat()), None
        case 7:
            monday = day - dt.timedelta(days=day.weekday())
            return edtf(f"{monday}~/{monday + dt.timedelta(days=6)}~"), 'SQLDATE means "last week"; dated to a week'
        case 30:
            month = recorded.replace(day=1) - dt.timedelta(days=1)
            return edtf(_about(month, day, "%Y-%m~")), 'SQLDATE means "last month"; dated to a month'
        case 365:
            year = recorded.replace(month=1, day=1) - dt.timedelta(days=1)
            return edtf(_about(year, day, "%Y~")), 'SQLDATE means "last year"; dated to a year'
    return edtf(f"{day}?"), "SQLDATE is far from the day of recording; marked uncertain"


def _about(meant: dt.date, coded: dt.date, form: str) -> str:
    """The month or year that was meant, widened to the coded day where that falls into another."""
    return "/".join(sorted({meant.strftime(form), coded.strftime(form)}))


def _sqldate(text: str) -> dt.date | None:
    """The day of an SQLDATE; None where it is only a month or a year."""
    if not re.fullmatch("[0-9]{8}|[0-9]{6}|[0-9]{4}", text) or text.startswith("0000"):
        raise Rejected("SQLDATE is no date")
    if len(text) < 8 or text.endswith("00"):
        return None
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise Rejected("SQLDATE is no date") from None


def _partial(text: str) -> str:
    year, month = text[:4], text[4:6]
    if month in ("", "00"):
        return year
    if not "01" <= month <= "12":
        raise Rejected("SQLDATE is no date")
    return f"{year}-{month}"


@lru_cache
def _event_type(code: str) -> str:
    try:
        return cameo.event_type(code).value
    except KeyError:
        raise Rejected("no CAMEO code") from None


@lru_cache(_SEVERAL)
def _title(actor: str, target: str, code: str) -> str:
    """Who does what to whom: ``Russia – North Korea: sign an agreement (CAMEO 057)``."""
    names = " – ".join(_name(name) for name in ((actor, target) if target else (actor,)))
    return f"{names}: {_phrase(code)} (CAMEO {code})"


def _phrase(code: str) -> str:
    try:
        return cameo.phrase(code)
    except KeyError:
        raise Rejected("no CAMEO code") from None


def _name(actor: str) -> str:
    """An actor's name, which GDELT has in capitals."""
    if not actor:
        return _UNNAMED
    return _WORD.sub(lambda word: word[0] if word[0] in _ACRONYMS else word[0].capitalize(), actor[:NAME_LENGTH])


@lru_cache(_SEVERAL)
def _place(name: str) -> tuple[str | None, str | None]:
    name = name[:NAME_LENGTH].strip()
    return (name, make_match_key(name)) if name else (None, None)


def _item(kind: str, name: str, address: str, seen: str) -> tuple[Outlet, DocumentRow]:
    """The outlet and the item that a mention names, by its MentionType."""
    if kind == _WEB:
        item = _web_item(address, seen)
        if item is None:
            raise Rejected("MentionIdentifier is no web address")
        return item
    if kind not in (*_CITATIONS, _BROADCAST):
        raise Rejected("unknown MentionType")
    if not name.strip() or not address.strip():
        raise Rejected("MentionSourceName or MentionIdentifier is empty")
    outlet = Outlet(name.strip(), SourceKind.BROADCASTER if kind == _BROADCAST else SourceKind.ORGANIZATION)
    web = _web_item(address, seen) if kind == _BROADCAST else None
    title = address.strip()[:TITLE_LENGTH]
    return outlet, web[1] if web else _known_by(seen, hash_text(title), None, None, title)


@lru_cache(_SEVERAL)
def _web_item(url: str, seen: str) -> tuple[Outlet, DocumentRow] | None:
    """The outlet and the item at an address; None for what is none."""
    try:
        canonical = canonicalize_url(url)
    except ValueError:
        return None
    host = _domain(canonical.split("/", 3)[2])
    outlet = Outlet(host, SourceKind.ONLINE, host)
    return outlet, _known_by(seen, hash_text(canonical), url, canonical, None)


@lru_cache(_SEVERAL)
def _domain(authority: str) -> str:
    return get_domain(f"https://{authority}/")


def _known_by(seen: str, identity: str, url: str | None, canonical: str | None, title: str | None) -> DocumentRow:
    """An item of which no text is known, first seen in the quarter of an hour that ended at ``seen``."""
    published = edtf(seen[:10])
    return DocumentRow(identity, url, canonical, title, "", _NO_TEXT, seen, None, seen, *published)


@lru_cache
def _language(translation: str) -> str | None:
    """The language of the original, of which TranslationInfo gives the ISO 639-2 code; English where it is empty."""
    if not translation:
        return "en"
    code = re.match("srclc:([a-z]{3});", translation)
    return langcodes.standardize_tag(code[1]) if code and langcodes.tag_is_valid(code[1]) else None
