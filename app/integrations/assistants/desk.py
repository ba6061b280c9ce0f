"""Where assistants are served from: one snapshot of the store, and what its items are called in an answer."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from app.api.web import cursors
from app.core.vocab import Noun
from app.database.read_pool import ReadPool, ThreadReadSession
from app.database.statements import ReadSession
from app.integrations.assistants.answers import Document, Event, Outlet, Passage, Relay, Statement, Voice, Words
from app.integrations.assistants.questions import ListQuestion
from app.queries import records
from app.queries.listing import Paged, PageRequest
from app.queries.names import Missing

T = TypeVar("T")

Item = Mapping[str, Any]
"""A record as the API gives it."""

# Code points of a quotation in an answer: what is longer is cut, and says so.
LONGEST = 600


@dataclass(frozen=True)
class Desk:
    """``base`` is the absolute address of the API's root; empty where nobody has said it."""

    reads: ReadSession
    base: str

    async def record(self, noun: Noun, ident: int) -> Any:
        """The record; raises Missing."""
        return orjson.loads(await records.get_current(self.reads, noun, ident))

    async def page(self, found: Paged, question: ListQuestion, sort: str) -> tuple[list[Any], str | None]:
        """The items that the question asks for, and the cursor to ask for those after them."""
        path = type(question).__name__
        after = question.cursor and cursors.decode(question.cursor, path=path, filters=question)
        rows = await cursors.fetch_page(found, self.reads, PageRequest(sort, question.limit, after or None))
        more = rows.last and cursors.encode(rows.last, path=path, filters=question)
        return [orjson.loads(item) for item in rows.items], more

    async def first(self, found: Paged, limit: int, sort: str) -> list[Any]:
        """The first items of a list."""
        rows = await found.page(self.reads, PageRequest(sort, limit))
        return [orjson.loads(item) for item in rows.items]

    def href(self, noun: Noun, ident: int) -> str:
        return f"{self.base}/{noun}/{ident}"

    def event(self, item: Item) -> Event:
        href = self.href(Noun.EVENTS, item["id"])
        return Event(id=item["id"], title=item["title"], date=item["date"]["edtf"], href=href)

    def document(self, source: Item, item: Item) -> Document:
        return Document(
            id=item["id"],
            outlet=outlet(source),
            title=item["title"],
            url=item["url"],
            href=self.href(Noun.DOCUMENTS, item["id"]),
            published=edtf(item["published"]),
        )

    def passage(self, source: Item, document: Item, span: Item | None) -> Passage:
        return Passage(document=self.document(source, document), words=words(span))

    def statement(self, item: Item) -> Statement:
        """A ``StatementPublic`` as it is told."""
        return Statement(
            id=item["id"],
            href=self.href(Noun.STATEMENTS, item["id"]),
            speaker=voice(item["speaker"]),
            kind=item["kind"],
            passage=self.passage(item["source"], item["document"], item["span"]),
            cue=words(item["cue"]),
            relayed_by=[Relay(voice=Voice(**_named(hop["speaker"])), cue=words(hop["cue"])) for hop in item["chain"]],
            said=edtf(item["said"]),
            event=item["event"] and self.event(item["event"]),
            utterance=item["utterance"],
            translated=item["translated"],
            coded_by=item["coded_by"],
            confidence=item["confidence"],
        )


@dataclass(frozen=True)
class Library:
    """A store, and the absolute address of the API that serves it, if it has one."""

    read_pool: ReadPool
    base: str

    async def ask(self, work: Callable[[Desk], Awaitable[T]]) -> T:
        """Do some reading in one snapshot; raises NotFound or Gone for a record that is missing."""

        async def at_the_desk(reads: ThreadReadSession) -> T:
            return await work(Desk(reads, self.base))

        try:
            return await self.read_pool.run_in_snapshot(at_the_desk)
        except Missing as error:
            model, ref = error.model, error.ref

        async def explain(reads: ThreadReadSession) -> Exception:
            return records.build_missing_error(reads.session, model, ref)

        raise await self.read_pool.run_in_snapshot(explain)


def outlet(source: Item) -> Outlet:
    return Outlet(slug=source["slug"], name=source["name"])


def voice(speaker: Item | None) -> Voice | None:
    return None if speaker is None else Voice(**_named(speaker))


def _named(speaker: Item) -> dict[str, Any]:
    return {name: speaker[name] for name in ("slug", "name", "title")}


def words(span: Item | None) -> Words | None:
    """The words of a ``SpanPublic``, as many as are quoted at once."""
    return None if span is None else quotation(span["exact"], span["start"])


def quotation(text: str, start: int, most: int = LONGEST) -> Words:
    """As many of the words as are quoted, which begin at ``start``."""
    shown = text[:most]
    return Words(start=start, end=start + len(shown), words=shown, whole=len(shown) == len(text))


def edtf(date: Item | None) -> str | None:
    return None if date is None else str(date["edtf"])
