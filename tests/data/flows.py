"""Flows of news for property tests: events, their reports with dates, and quotations, to put into a store."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from hypothesis import strategies as st

from app.schemas.document import DocumentCreate
from app.schemas.event import EventCreate
from app.schemas.feed import FeedCreate
from app.schemas.source import SourceCreate
from app.schemas.speaker import SpeakerCreate
from app.schemas.utterance import UtteranceCreate
from app.store import feeds, records, revisions, sources_and_speakers
from app.store.revisions import WriteSession
from tests.conftest import Store

# Days in weeks that lie in two months or two years, and dates of lower precision.
DATES = (
    *("2024-01-01", "2024-01-02", "2023-12-31", "2023-12-28", "2024-01-31", "2024-02-01", "2023-12-29"),
    *("2024-01", "2024", "2024-01-30/2024-02-02", "2024-01-02?", "2023~", "2023-12/2024-01", "0001-01-01"),
)
COUNTRIES = ("RU", "KP", None)
TYPES = ("agree", "consult")
SOURCES = ("herald", "courier", "wire", "silent")
SPEAKERS = ("anna", "boris", "wire-voice")
PROPERTIES = ("duration", "place")
LENGTH = 40

_numbers = count()


@dataclass(frozen=True)
class Quote:
    start: int
    end: int
    speaker: str | None
    event: int | None
    said: str | None
    kind: str
    chain: Sequence[str]
    utterance: int | None


@dataclass(frozen=True)
class Reporting:
    event: int
    passage: tuple[int, int] | None
    claims: Sequence[tuple[str, int, int]]


@dataclass(frozen=True)
class Article:
    source: str
    published: str | None
    hour: int | None
    reports: Sequence[Reporting] = field(default=())
    quotes: Sequence[Quote] = field(default=())


@dataclass(frozen=True)
class Flow:
    events: Sequence[tuple[str, str, str | None]]
    articles: Sequence[Article]


_dates = st.sampled_from(DATES)
_spans = st.tuples(st.integers(0, LENGTH - 1), st.integers(1, LENGTH)).filter(lambda span: span[0] < span[1])
_claims = st.lists(st.builds(lambda name, span: (name, *span), st.sampled_from(PROPERTIES), _spans), max_size=2)


@st.composite
def flows(draw: st.DrawFn) -> Flow:
    events = draw(
        st.lists(st.tuples(_dates, st.sampled_from(TYPES), st.sampled_from(COUNTRIES)), min_size=1, max_size=3)
    )
    which = st.integers(0, len(events) - 1)
    reports = st.builds(Reporting, event=which, passage=st.none() | _spans, claims=_claims)
    quotes = st.builds(
        lambda span, **more: Quote(*span, **more),
        _spans,
        speaker=st.none() | st.sampled_from(SPEAKERS),
        event=st.none() | which,
        said=st.none() | _dates,
        kind=st.sampled_from(("direct", "indirect")),
        chain=st.lists(st.sampled_from(SPEAKERS), max_size=2),
        utterance=st.none() | st.integers(0, 1),
    )
    articles = st.builds(
        Article,
        source=st.sampled_from(SOURCES[:3]),
        published=st.none() | _dates,
        hour=st.none() | st.integers(0, 23),
        reports=st.lists(reports, max_size=2, unique_by=lambda report: report.event),
        quotes=st.lists(quotes, max_size=3),
    )
    return Flow(events, draw(st.lists(articles, max_size=4)))


def staff(store: Store) -> None:
    """Add the sources and the speakers, and a feed of one source that publishes nothing."""
    with revisions.write(store.engine, author="tests", message="") as session:
        for slug, country in zip(SOURCES, ("US", "US", "RU", None), strict=True):
            body = {"slug": slug, "name": slug.title(), "kind": "newspaper", "country": country}
            sources_and_speakers.add_source(session, SourceCreate.model_validate(body))
        for slug in SPEAKERS:
            source = "wire" if slug == "wire-voice" else None
            body = {"slug": slug, "name": slug.title(), "kind": "person", "source": source}
            sources_and_speakers.add_speaker(session, SpeakerCreate.model_validate(body))
        feeds.add_feed(session, FeedCreate(url="https://silent.example/rss", source="silent"))


def put(store: Store, flow: Flow) -> list[int]:
    """Put a flow into the store and return the ids of its events."""
    with revisions.write(store.engine, author="tests", message="") as session:
        events = [records.add_event(session, _event(event)) for event in flow.events]
        utterances = [records.add_utterance(session, UtteranceCreate()) for _ in range(2)]
        ids = [event.id or 0 for event in events]
        for article in flow.articles:
            _put(session, article, ids, [utterance.id or 0 for utterance in utterances])
    return ids


def _event(event: tuple[str, str, str | None]) -> EventCreate:
    date, kind, country = event
    return EventCreate.model_validate({"title": "An event", "date": date, "type": kind, "country": country})


def _put(session: WriteSession, article: Article, events: Sequence[int], utterances: Sequence[int]) -> None:
    moment = None if article.hour is None else f"2024-01-02T{article.hour:02}:00:00Z"
    body = {
        "source": article.source,
        "text": f"{next(_numbers):0{LENGTH}}",
        "published": article.published,
        "published_at": moment,
        "reports": [
            {
                "event": events[report.event],
                "passage": _span(*report.passage) if report.passage else None,
                "claims": [{"property": name, "span": _span(start, end)} for name, start, end in report.claims],
            }
            for report in article.reports
        ],
        "statements": [_statement(quote, events, utterances) for quote in article.quotes],
    }
    records.put_document(session, DocumentCreate.model_validate(body))


def _statement(quote: Quote, events: Sequence[int], utterances: Sequence[int]) -> dict[str, object]:
    return {
        "span": _span(quote.start, quote.end),
        "kind": quote.kind,
        "speaker": quote.speaker,
        "event": None if quote.event is None else events[quote.event],
        "said": quote.said,
        "chain": [{"speaker": speaker} for speaker in quote.chain],
        "utterance": None if quote.utterance is None else utterances[quote.utterance],
    }


def _span(start: int, end: int) -> dict[str, int]:
    return {"start": start, "end": end}
