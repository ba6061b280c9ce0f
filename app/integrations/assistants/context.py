"""The store as the tools see it: one snapshot to read from, and the API's items as parts of an answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from app.api.web import cursors
from app.api.web.reads import fetch_page
from app.core.vocab import Noun
from app.database.reads import ReadPool, ReadSession, ThreadReadSession
from app.integrations.assistants.answers import Document, Event, Outlet, Passage, Relay, Statement, Voice, Words
from app.integrations.assistants.questions import ListQuestion
from app.queries import records
from app.queries.listing import Paged, PageRequest
from app.queries.names import Missing

T = TypeVar("T")

Item = Mapping[str, Any]
"""A record as the API gives it."""

# Code points of a quotation in an answer; a longer one is cut, and ``Words.whole`` is false.
MAX_QUOTATION = 600


@dataclass(frozen=True)
class ToolContext:
    """A snapshot of the store, and ``base``, the absolute URL of the API's root, empty if it has none."""

    reads: ReadSession
    base: str

    async def get_record(self, noun: Noun, ident: int) -> Any:
        """Return the record; raise Missing if it does not exist."""
        return orjson.loads(await records.get_current(self.reads, noun, ident))

    async def read_page(self, listing: Paged, question: ListQuestion, sort: str) -> tuple[list[Any], str | None]:
        """Return a page of the list as the question wants it, and the cursor of the next page."""
        path = type(question).__name__
        after = question.cursor and cursors.decode(question.cursor, path=path, filters=question)
        rows = await fetch_page(listing, self.reads, PageRequest(sort, question.limit, after or None))
        more = rows.last and cursors.encode(rows.last, path=path, filters=question)
        return [orjson.loads(item) for item in rows.items], more

    async def read_first(self, listing: Paged, limit: int, sort: str) -> list[Any]:
        """Return the first items of a list."""
        rows = await listing.page(self.reads, PageRequest(sort, limit))
        return [orjson.loads(item) for item in rows.items]

    def build_href(self, noun: Noun, ident: int) -> str:
        return f"{self.base}/{noun}/{ident}"

    def build_event(self, item: Item) -> Event:
        href = self.build_href(Noun.EVENTS, item["id"])
        return Event(id=item["id"], title=item["title"], date=item["date"]["edtf"], href=href)

    def build_document(self, source: Item, item: Item) -> Document:
        return Document(
            id=item["id"],
            outlet=build_outlet(source),
            title=item["title"],
            url=item["url"],
            href=self.build_href(Noun.DOCUMENTS, item["id"]),
            published=get_edtf(item["published"]),
        )

    def build_passage(self, source: Item, document: Item, span: Item | None) -> Passage:
        return Passage(document=self.build_document(source, document), words=build_words(span))

    def build_statement(self, item: Item) -> Statement:
        return Statement(
            id=item["id"],
            href=self.build_href(Noun.STATEMENTS, item["id"]),
            speaker=build_voice(item["speaker"]),
            kind=item["kind"],
            passage=self.build_passage(item["source"], item["document"], item["span"]),
            cue=build_words(item["cue"]),
            relayed_by=[
                Relay(voice=_build_named_voice(hop["speaker"]), cue=build_words(hop["cue"])) for hop in item["chain"]
            ],
            said=get_edtf(item["said"]),
            event=item["event"] and self.build_event(item["event"]),
            utterance_id=item["utterance_id"],
            translated=item["translated"],
            coded_by=item["coded_by"],
            confidence=item["confidence"],
        )


@dataclass(frozen=True)
class Store:
    """A store to read from, and the absolute URL of the API that serves it, empty if it has none."""

    read_pool: ReadPool
    base: str

    async def run(self, work: Callable[[ToolContext], Awaitable[T]]) -> T:
        """Do some reading in one snapshot; raise NotFound or Gone for a missing record."""

        async def read(reads: ThreadReadSession) -> T:
            return await work(ToolContext(reads, self.base))

        try:
            return await self.read_pool.run_in_snapshot(read)
        except Missing as error:
            model, ref = error.model, error.ref

        async def explain(reads: ThreadReadSession) -> Exception:
            return records.build_missing_error(reads.session, model, ref)

        raise await self.read_pool.run_in_snapshot(explain)


def build_outlet(source: Item) -> Outlet:
    return Outlet(slug=source["slug"], name=source["name"])


def build_voice(speaker: Item | None) -> Voice | None:
    return None if speaker is None else _build_named_voice(speaker)


def _build_named_voice(speaker: Item) -> Voice:
    return Voice(slug=speaker["slug"], name=speaker["name"], title=speaker["title"])


def build_words(span: Item | None) -> Words | None:
    """Quote the words of a ``SpanPublic``."""
    return None if span is None else quote(span["exact"], span["start"])


def quote(text: str, start: int, max_length: int = MAX_QUOTATION) -> Words:
    """Quote the beginning of a text that stands at ``start`` of its document."""
    quotation = text[:max_length]
    return Words(start=start, end=start + len(quotation), exact=quotation, whole=len(quotation) == len(text))


def get_edtf(date: Item | None) -> str | None:
    return None if date is None else str(date["edtf"])
