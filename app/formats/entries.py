"""Whatever has an address of its own, as readers of feeds, calendars and maps want it.

An entry is made from the JSON of a public shape, here and nowhere else: so a record has the same id, title and date
in each of them.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import BaseModel

from app.formats.listed import Listed
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

Item = Mapping[str, Any]

# Parameters that change how a list is shown, not what it is a list of.
_SHOWN_BY = {*ListParams.model_fields, "min_revision"} - {"sort"}

# Code points of words that stand in a title.
_TITLE = 160

_DOUBTS = {"?": ", uncertain", "~": ", approximate", "%": ", uncertain and approximate"}
_DONE = {"create": "Created", "update": "Updated", "delete": "Deleted"}


@dataclass(frozen=True)
class Entry:
    """A record for a reader.

    ``path`` is its address below the API's root. ``date`` (``DatePublic``) is when it happened, was said, or appeared.
    ``page`` is where the outlet itself has it on the web. ``published`` is the moment it appeared there, RFC 3339.
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
    def where(self) -> str:
        """Name and country of the place, as far as they are known."""
        return _where(self.place or {})

    @property
    def point(self) -> tuple[float, float] | None:
        """Longitude and latitude (WGS 84), where both are known."""
        place = self.place or {}
        longitude, latitude = place.get("longitude"), place.get("latitude")
        return None if longitude is None or latitude is None else (longitude, latitude)


def fits(shape: type[BaseModel]) -> bool:
    """Whether items of this shape have addresses of their own."""
    return _maker(shape) is not None


def dated(shape: type[BaseModel]) -> bool:
    """Whether they also have a date, or may have one."""
    return issubclass(shape, (EventPublic, StatementPublic, UtterancePublic, DocumentPublic, ReportPublic))


def entry(shape: type[BaseModel], item: Item) -> Entry:
    make = _maker(shape)
    assert make is not None  # it fits
    return make(item)


def updated(listed: Listed, item: Item) -> str:
    """The moment of the item's last change, RFC 3339 in UTC."""
    return str(item.get("at") or listed.moments.get(item["revision"], listed.updated))


def about(listed: Listed) -> str:
    """The absolute address of the list, however it is shown: the same for each of its pages and formats."""
    address = urlsplit(listed.here)
    query = [(name, value) for name, value in parse_qsl(address.query) if name not in _SHOWN_BY]
    return address._replace(query=urlencode(query)).geturl()


def spelled(date: Item) -> str:
    """A date in words, its doubts included."""
    return " to ".join(map(_spelled, date["edtf"].split("/")))


def is_plain(date: Item) -> bool:
    """Whether it is a day, or a range of days, without any doubt."""
    return all(len(part) == len("2024-06-19") for part in date["edtf"].split("/"))


def _spelled(part: str) -> str:
    bare = part.rstrip("?~%")
    return ("" if len(bare) == len("2024-06-19") else "some time in ") + bare + _DOUBTS.get(part[-1], "")


@cache
def _maker(shape: type[BaseModel]) -> Callable[[Item], Entry] | None:
    return next((make for base, make in _MAKERS.items() if issubclass(shape, base)), None)


def _event(item: Item) -> Entry:
    date, place = item["date"], item["place"]
    outlets = ", ".join(outlet["name"] for outlet in item["sources"])
    when_and_where = "; ".join(filter(None, (spelled(date), _where(place))))
    return Entry(
        f"/events/{item['id']}",
        item["title"],
        _lines(item["summary"], when_and_where, outlets and f"Reported by {outlets}"),
        date=date,
        tags=(item["type"],),
        place=place,
    )


def _statement(item: Item) -> Entry:
    document, outlet, speaker = item["document"], item["source"]["name"], item["speaker"]
    through = ", ".join(hop["speaker"]["name"] for hop in reversed(item["chain"]))
    said = item["said"] and f"Said {spelled(item['said'])}"
    printed = ", ".join(filter(None, (outlet, document["title"])))
    return Entry(
        f"/statements/{item['id']}",
        f"{_name(speaker, outlet)}: {_words(item['text'], item['kind'])}",
        _lines(item["text"], said, through and f"Through {through}", f"Printed by {printed}"),
        date=item["said"],
        page=_web(document["url"]),
        author=speaker["name"] if speaker else outlet,
        tags=(item["kind"],),
    )


def _document(item: Item) -> Entry:
    outlet, published = item["source"]["name"], item["published"]
    told = f"Published {spelled(published)} by {outlet}" if published else f"Published by {outlet}"
    holds = f"{item['report_count']} events, {item['statement_count']} statements"
    return Entry(
        f"/documents/{item['id']}",
        item["title"] or f"Without a title, {outlet}",
        _lines(told, holds),
        date=published,
        page=_web(item["url"]),
        published=item["published_at"],
        author=item["byline"] or outlet,
        tags=(outlet,),
    )


def _utterance(item: Item) -> Entry:
    said, name = item["said"], item["speaker"]["name"] if item["speaker"] else "Nobody knows who"
    told = f"Printed {item['printing_count']} times, by {item['source_count']} outlets"
    return Entry(
        f"/utterances/{item['id']}",
        f"{name}: {_words(item['words'] or '…', 'direct')}",
        _lines(item["words"], said and f"Said {spelled(said)}", told),
        date=said,
        author=item["speaker"] and name,
    )


def _report(item: Item) -> Entry:
    outlet, event, document = item["source"]["name"], item["event"], item["document"]
    date = item["dated"] or event["date"]
    passage = item["passage"] and item["passage"]["exact"]
    return Entry(
        f"/reports/{item['id']}",
        f"{outlet}: {event['title']}",
        _lines(passage, spelled(date), document["title"]),
        date=date,
        page=_web(document["url"]),
        author=outlet,
        tags=(item["role"],),
    )


def _claim(item: Item) -> Entry:
    outlet, document, span = item["source"]["name"], item["document"], item["span"]
    normalized = item["normalized"] and f"That is {item['normalized']} {item['unit'] or ''}".rstrip()
    attributed = item["attributed_to"] and f"According to {item['attributed_to']['name']}"
    context = f"…{span['prefix']}{span['exact']}{span['suffix']}…"
    return Entry(
        f"/claims/{item['id']}",
        f"{outlet} on {item['event']['title']}: {item['property']} {_short(item['value'])}",
        _lines(context, normalized, attributed),
        page=_web(document["url"]),
        author=outlet,
        tags=(item["property"],),
    )


def _source(item: Item) -> Entry:
    told = ", ".join(filter(None, (item["kind"].replace("_", " "), item["country"], item["language"])))
    text = _lines(told, f"{item['document_count']} documents")
    return Entry(f"/sources/{item['id']}", item["name"], text, page=_web(item["homepage"]), tags=(item["kind"],))


def _speaker(item: Item) -> Entry:
    told = ", ".join(filter(None, (item["title"], item["kind"], item["country"])))
    text = _lines(told, f"{item['statement_count']} statements")
    return Entry(f"/speakers/{item['id']}", item["name"], text, tags=(item["kind"],))


def _match(item: Item) -> Entry:
    one, other = item["one"]["words"], item["other"]["words"]
    verdict = {True: "They are the same", False: "They are not the same", None: "Nobody has said yet"}[item["same"]]
    return Entry(
        f"/matches/{item['id']}", f"{_short(one)} = {_short(other)}?", _lines(one, other, verdict), tags=(item["noun"],)
    )


def _review(item: Item) -> Entry:
    words = item["words"] and item["words"]["exact"]
    found = words or (item["event"] and item["event"]["title"]) or (item["speaker"] and item["speaker"]["name"])
    document = item["document"] or {"title": None, "url": None}
    return Entry(
        item["href"],
        f"To review, {item['noun']}: {_short(found or item['kind'])}",
        _lines(found, document["title"]),
        page=_web(document["url"]),
        author=item["source"] and item["source"]["name"],
        tags=(item["noun"], item["kind"]),
    )


def _hit(item: Item) -> Entry:
    snippet = html.unescape(re.sub("</?mark>", "", item["snippet"]))
    named = item["title"] if item["noun"] != "statements" else None
    title = named or ": ".join(filter(None, (item["title"], _short(snippet))))
    return Entry(item["href"], title, snippet, tags=(item["noun"],))


def _change(item: Item) -> Entry:
    title = f"{_DONE[item['operation']]}: {item['noun']}/{item['id']}"
    return Entry(item["href"], title, f"Revision {item['revision']}", tags=(item["noun"], item["operation"]))


def _revision(item: Item) -> Entry:
    title = item["message"] or f"Revision {item['id']}"
    return Entry(f"/changes?since={item['id'] - 1}", title, f"Revision {item['id']}", author=item["author"])


_MAKERS: Mapping[type[BaseModel], Callable[[Item], Entry]] = {
    EventPublic: _event,
    StatementPublic: _statement,
    DocumentPublic: _document,
    UtterancePublic: _utterance,
    ReportPublic: _report,
    ClaimPublic: _claim,
    SourcePublic: _source,
    SpeakerPublic: _speaker,
    MatchPublic: _match,
    ReviewPublic: _review,
    SearchPublic: _hit,
    ChangePublic: _change,
    RevisionPublic: _revision,
}


def _where(place: Item) -> str:
    return ", ".join(filter(None, (place.get("name"), place.get("country"))))


def _name(speaker: Item | None, outlet: str) -> str:
    return speaker["name"] if speaker else f"Somebody quoted by {outlet}"


def _words(text: str, kind: str) -> str:
    """Words as a title has them: in quotation marks, unless they are a paraphrase."""
    return _short(text) if kind == "indirect" else f"“{_short(text)}”"


def _short(text: str) -> str:
    line = " ".join(text[: 2 * _TITLE].split())
    return line if len(line) <= _TITLE else f"{line[: _TITLE - 1]}…"


def _lines(*parts: str | None) -> str:
    return "\n".join(filter(None, parts))


def _web(address: str | None) -> str | None:
    """The address, if it leads to a page: what is followed by a click must not be anything else."""
    return address if address and address.lower().startswith(("http://", "https://")) else None
