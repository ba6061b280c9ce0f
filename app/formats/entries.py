"""Records as entries of feeds, calendars and maps.

All of these formats build their entries in this file, so that a record has the same id, title and date in each.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import BaseModel

from app.formats.list_info import Item, ListInfo
from app.schemas.claim import ClaimPublic
from app.schemas.common import ListParams
from app.schemas.document import DocumentPublic
from app.schemas.event import EventPublic
from app.schemas.match import MatchPublic
from app.schemas.report import ReportPublic
from app.schemas.review import ReviewPublic
from app.schemas.revision import ChangePublic, RevisionPublic
from app.schemas.search import SearchPublic
from app.schemas.source import SourcePublic
from app.schemas.speaker import SpeakerPublic
from app.schemas.statement import StatementPublic
from app.schemas.utterance import UtterancePublic

# Parameters that change the presentation of a list, not its contents.
_PRESENTATION = {*ListParams.model_fields, "min_revision"} - {"sort"}

# Code points of the words quoted in a title, at most.
_TITLE_LENGTH = 160

_DOUBTS = {"?": ", uncertain", "~": ", approximate", "%": ", uncertain and approximate"}
_OPERATIONS = {"create": "Created", "update": "Updated", "delete": "Deleted"}


@dataclass(frozen=True)
class Entry:
    """A record as a reader of feeds sees it.

    ``path`` is its address below the API's root. ``date`` (``DatePublic``) is the date of the event, of the saying, or
    of the publication. ``page`` is its URL on the outlet's own site, and ``published`` (RFC 3339) the time of its
    publication there.
    """

    path: str
    title: str
    text: str
    date: Item | None = None
    page: str | None = None
    published: str | None = None
    author: str | None = None
    tags: Sequence[str] = ()
    place: Item | None = None

    @property
    def place_name(self) -> str:
        """Name and country of the place, or one of them, or an empty text."""
        return _name_place(self.place or {})

    @property
    def point(self) -> tuple[float, float] | None:
        """Longitude and latitude (WGS 84), or None if one of them is missing."""
        place = self.place or {}
        longitude, latitude = place.get("longitude"), place.get("latitude")
        return None if longitude is None or latitude is None else (longitude, latitude)


def has_entry(shape: type[BaseModel]) -> bool:
    """Return True if items of this shape have addresses of their own."""
    return _find_builder(shape) is not None


def has_date(shape: type[BaseModel]) -> bool:
    """Return True if entries of this shape can have a date."""
    return issubclass(shape, (EventPublic, StatementPublic, UtterancePublic, DocumentPublic, ReportPublic))


def build_entry(shape: type[BaseModel], item: Item) -> Entry:
    build = _find_builder(shape)
    assert build is not None
    return build(item)


def get_update_time(info: ListInfo, item: Item) -> str:
    """Return the time of the item's last change, RFC 3339 in UTC."""
    return str(item.get("revised_at") or info.revision_times.get(item["revision"], info.updated))


def get_list_url(info: ListInfo) -> str:
    """Return the absolute URL of the list, equal for all its pages and formats."""
    url = urlsplit(info.url)
    query = [(name, value) for name, value in parse_qsl(url.query) if name not in _PRESENTATION]
    return url._replace(query=urlencode(query)).geturl()


def format_date(date: Item) -> str:
    """Return a date in words, with its doubts."""
    parts = []
    for part in date["edtf"].split("/"):
        bare = part.rstrip("?~%")
        parts.append(("" if _is_day(bare) else "some time in ") + bare + _DOUBTS.get(part[-1], ""))
    return " to ".join(parts)


def is_certain(date: Item) -> bool:
    """Return True for a day or a range of days without any doubt."""
    return all(map(_is_day, date["edtf"].split("/")))


def _is_day(part: str) -> bool:
    return len(part) == len("2024-06-19")


@cache
def _find_builder(shape: type[BaseModel]) -> Callable[[Item], Entry] | None:
    return next((build for base, build in _BUILDERS.items() if issubclass(shape, base)), None)


def _build_event(item: Item) -> Entry:
    date, place = item["date"], item["place"]
    outlets = ", ".join(outlet["name"] for outlet in item["sources"])
    date_and_place = "; ".join(filter(None, (format_date(date), _name_place(place))))
    return Entry(
        f"/events/{item['id']}",
        item["title"],
        _join_lines(item["summary"], date_and_place, outlets and f"Reported by {outlets}"),
        date=date,
        tags=(item["type"],),
        place=place,
    )


def _build_statement(item: Item) -> Entry:
    document, outlet, speaker = item["document"], item["source"]["name"], item["speaker"]
    relays = ", ".join(hop["speaker"]["name"] for hop in reversed(item["chain"]))
    date = item["said"] and f"Said {format_date(item['said'])}"
    printed_in = ", ".join(filter(None, (outlet, document["title"])))
    return Entry(
        f"/statements/{item['id']}",
        f"{_name_speaker(speaker, outlet)}: {_quote_words(item['text'], item['kind'])}",
        _join_lines(item["text"], date, relays and f"Through {relays}", f"Printed by {printed_in}"),
        date=item["said"],
        page=_get_web_url(document["url"]),
        author=speaker["name"] if speaker else outlet,
        tags=(item["kind"],),
    )


def _build_document(item: Item) -> Entry:
    outlet, published = item["source"]["name"], item["published"]
    publication = f"Published {format_date(published)} by {outlet}" if published else f"Published by {outlet}"
    counts = f"{item['report_count']} events, {item['statement_count']} statements"
    return Entry(
        f"/documents/{item['id']}",
        item["title"] or f"Without a title, {outlet}",
        _join_lines(publication, counts),
        date=published,
        page=_get_web_url(item["url"]),
        published=item["published_at"],
        author=item["byline"] or outlet,
        tags=(outlet,),
    )


def _build_utterance(item: Item) -> Entry:
    date, name = item["said"], item["speaker"]["name"] if item["speaker"] else "Nobody knows who"
    counts = f"Printed {item['printing_count']} times, by {item['source_count']} outlets"
    return Entry(
        f"/utterances/{item['id']}",
        f"{name}: {_quote_words(item['words'] or '…', 'direct')}",
        _join_lines(item["words"], date and f"Said {format_date(date)}", counts),
        date=date,
        author=item["speaker"] and name,
    )


def _build_report(item: Item) -> Entry:
    outlet, event, document = item["source"]["name"], item["event"], item["document"]
    date = item["date"] or event["date"]
    passage = item["passage"] and item["passage"]["exact"]
    return Entry(
        f"/reports/{item['id']}",
        f"{outlet}: {event['title']}",
        _join_lines(passage, format_date(date), document["title"]),
        date=date,
        page=_get_web_url(document["url"]),
        author=outlet,
        tags=(item["role"],),
    )


def _build_claim(item: Item) -> Entry:
    outlet, document, span = item["source"]["name"], item["document"], item["span"]
    normalized = item["normalized"] and f"That is {item['normalized']} {item['unit'] or ''}".rstrip()
    attributed = item["attributed_to"] and f"According to {item['attributed_to']['name']}"
    context = f"…{span['prefix']}{span['exact']}{span['suffix']}…"
    return Entry(
        f"/claims/{item['id']}",
        f"{outlet} on {item['event']['title']}: {item['property']} {_shorten(item['value'])}",
        _join_lines(context, normalized, attributed),
        page=_get_web_url(document["url"]),
        author=outlet,
        tags=(item["property"],),
    )


def _build_source(item: Item) -> Entry:
    details = ", ".join(filter(None, (item["kind"].replace("_", " "), item["country"], item["language"])))
    text = _join_lines(details, f"{item['document_count']} documents")
    return Entry(
        f"/sources/{item['id']}", item["name"], text, page=_get_web_url(item["homepage"]), tags=(item["kind"],)
    )


def _build_speaker(item: Item) -> Entry:
    details = ", ".join(filter(None, (item["title"], item["kind"], item["country"])))
    text = _join_lines(details, f"{item['statement_count']} statements")
    return Entry(f"/speakers/{item['id']}", item["name"], text, tags=(item["kind"],))


def _build_match(item: Item) -> Entry:
    first, second = item["one"]["words"], item["other"]["words"]
    verdict = {True: "They are the same", False: "They are not the same", None: "Nobody has said yet"}[item["same"]]
    return Entry(
        f"/matches/{item['id']}",
        f"{_shorten(first)} = {_shorten(second)}?",
        _join_lines(first, second, verdict),
        tags=(item["noun"],),
    )


def _build_review(item: Item) -> Entry:
    words = item["span"] and item["span"]["exact"]
    subject = words or (item["event"] and item["event"]["title"]) or (item["speaker"] and item["speaker"]["name"])
    document = item["document"] or {"title": None, "url": None}
    return Entry(
        item["href"],
        f"To review, {item['noun']}: {_shorten(subject or item['kind'])}",
        _join_lines(subject, document["title"]),
        page=_get_web_url(document["url"]),
        author=item["source"] and item["source"]["name"],
        tags=(item["noun"], item["kind"]),
    )


def _build_hit(item: Item) -> Entry:
    snippet = html.unescape(re.sub("</?mark>", "", item["snippet"]))
    own_title = item["title"] if item["noun"] != "statements" else None
    title = own_title or ": ".join(filter(None, (item["title"], _shorten(snippet))))
    return Entry(item["href"], title, snippet, tags=(item["noun"],))


def _build_change(item: Item) -> Entry:
    title = f"{_OPERATIONS[item['operation']]}: {item['noun']}/{item['id']}"
    return Entry(item["href"], title, f"Revision {item['revision']}", tags=(item["noun"], item["operation"]))


def _build_revision(item: Item) -> Entry:
    title = item["message"] or f"Revision {item['id']}"
    return Entry(f"/changes?since={item['id'] - 1}", title, f"Revision {item['id']}", author=item["author"])


_BUILDERS: Mapping[type[BaseModel], Callable[[Item], Entry]] = {
    EventPublic: _build_event,
    StatementPublic: _build_statement,
    DocumentPublic: _build_document,
    UtterancePublic: _build_utterance,
    ReportPublic: _build_report,
    ClaimPublic: _build_claim,
    SourcePublic: _build_source,
    SpeakerPublic: _build_speaker,
    MatchPublic: _build_match,
    ReviewPublic: _build_review,
    SearchPublic: _build_hit,
    ChangePublic: _build_change,
    RevisionPublic: _build_revision,
}


def _name_place(place: Item) -> str:
    return ", ".join(filter(None, (place.get("name"), place.get("country"))))


def _name_speaker(speaker: Item | None, outlet: str) -> str:
    return speaker["name"] if speaker else f"Somebody quoted by {outlet}"


def _quote_words(text: str, kind: str) -> str:
    """Put the words of a title in quotation marks, unless they are a paraphrase."""
    return _shorten(text) if kind == "indirect" else f"“{_shorten(text)}”"


def _shorten(text: str) -> str:
    line = " ".join(text[: 2 * _TITLE_LENGTH].split())
    return line if len(line) <= _TITLE_LENGTH else f"{line[: _TITLE_LENGTH - 1]}…"


def _join_lines(*parts: str | None) -> str:
    return "\n".join(filter(None, parts))


def _get_web_url(url: str | None) -> str | None:
    """Return the URL, if it leads to a web page: a reader may click on it."""
    return url if url and url.lower().startswith(("http://", "https://")) else None
