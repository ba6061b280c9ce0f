"""The watcher: asks feeds when they are due, and fetches what they announce, one item a transaction."""

import datetime as dt
import random
import re
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

import anyio
import anyio.to_thread
import structlog
from sqlalchemy import Engine

from app.capture import capture as captured
from app.capture.feeds import document, ledger
from app.capture.feeds.document import FeedDocument, NotAFeed
from app.capture.feeds.ledger import Claim, Lost, Waiting
from app.capture.feeds.manners import DAY, Disallowed, Later, Manners
from app.capture.feeds.parse import parse
from app.core.config import Settings
from app.core.errors import Busy, DatelineError, FetchFailed, Refused
from app.core.vocab import FeedItemState, FeedResult
from app.fetch import FEEDS, Fetched, Fetcher

P = ParamSpec("P")
T = TypeVar("T")

_LOG = structlog.get_logger("dateline.watch")

# Feeds that are looked after at once, and seconds between two looks for those that are due.
_AT_ONCE = 8
_POLL = 5.0

# Feeds are served as these, too; what they really are is seen when they are read.
_READ = FEEDS | {"text/html", "text/plain", "application/gzip", "application/x-gzip", "application/octet-stream"}
_ACCEPT = ", ".join([*sorted(FEEDS), "*/*;q=0.1"])

# What may be sent back as If-None-Match or If-Modified-Since.
_VALIDATOR = re.compile("[ -~]{1,500}")

# Attempts at a write while others keep the store.
_PATIENCE = 3


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Watcher:
    """Looks after the feeds of a store, or ``only`` after those with these ids.

    ``counts`` are the feeds that were asked, those that ``failed to answer``, and what became of items: ``new``,
    ``stored``, ``unchanged``, ``waiting``, ``refused``, ``failed``. ``tell`` gets a line for each thing worth knowing.
    Whoever cancels ``run()`` loses nothing: a transaction that has begun is ended, and all else is done again.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        only: Collection[int] = (),
        tell: Callable[[str], None],
        fetcher: Fetcher | None = None,
        now: Callable[[], dt.datetime] = _utc_now,
    ) -> None:
        self.counts = Counter[str]()
        self._engine = engine
        self._only = only
        self._tell = tell
        self._now = now
        self._fetcher = fetcher or Fetcher.of(settings)
        self._manners = Manners(self._fetcher, delay=settings.crawl_delay)
        self._slots = anyio.Semaphore(_AT_ONCE)

    async def run(self, *, once: bool) -> None:
        """Look after the feeds that are due: those that are now, if only ``once``, or for ever."""
        began = self._now()
        async with self._fetcher, anyio.create_task_group() as group:
            while True:
                await self._slots.acquire()
                with anyio.CancelScope(shield=True):  # so that no claim is left behind
                    claim = await self._claim(began if once else self._now())
                if claim is not None:
                    group.start_soon(self._look_after, claim)
                    continue
                self._slots.release()
                if once:
                    break
                await anyio.sleep(_POLL)

    async def _claim(self, due_by: dt.datetime) -> Claim | None:
        try:
            return await self._store(ledger.claim, self._now(), due_by=due_by, only=self._only)
        except Busy as error:
            self._tell(error.detail)
            return None

    async def _look_after(self, claim: Claim) -> None:
        self.counts["feeds"] += 1
        try:
            await self._check(claim)
        except Lost:
            self._say(claim, "it was changed meanwhile, or somebody else looks after it")
        except Busy as error:
            self._say(claim, error.detail)
        except Exception:  # a fault of ours over one feed must not end the watch over the others
            _LOG.exception("feed", feed=claim.id, url=claim.url)
            self._say(claim, "it could not be looked after; the log says why")
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True), suppress(Lost, Busy):
                await self._store(ledger.finish, claim, self._now())
            raise
        finally:
            self._slots.release()

    async def _check(self, claim: Claim) -> None:
        """Ask the feed, and fetch the items that wait."""
        try:
            await self._ask(claim)
        except (Disallowed, Later, NotAFeed, Refused, FetchFailed) as error:
            await self._fail(claim, error)
            return
        waits = [await self._fetch(claim, item) for item in await self._store(ledger.waiting, claim)]
        seconds = max(claim.interval, claim.ttl, *waits, 0)
        await self._store(ledger.finish, claim, self._now() + dt.timedelta(seconds=seconds))

    async def _ask(self, claim: Claim) -> None:
        known = {"If-None-Match": claim.etag, "If-Modified-Since": claim.last_modified}
        fetched = await self._get(claim.url, {name: value for name, value in known.items() if value})
        if fetched.not_modified:
            await self._store(ledger.note_unchanged, claim, self._now())
            return
        found = await self._read(fetched)
        validators = {name.replace("-", "_"): _validator(fetched, name) for name in ("etag", "last-modified")}
        new = await self._store(ledger.note_answer, claim, self._now(), found, **validators)
        self.counts["new"] += new
        if new:
            self._say(claim, f"{new} new")

    async def _get(self, url: str, headers: dict[str, str]) -> Fetched:
        async with self._manners.turn(url):
            return await self._fetcher.get(url, headers={"Accept": _ACCEPT, **headers}, accept=_READ)

    async def _read(self, fetched: Fetched) -> FeedDocument:
        """The feed, with the items of all the sitemaps that it names."""
        found = await _parsed(fetched)
        items = list(found.items)
        for url in found.sitemaps:
            items += (await _parsed(await self._get(url, {}))).items
        return replace(found, items=document.newest(items))

    async def _fail(self, claim: Claim, error: Exception) -> None:
        """Try again later, and each time twice as late; at once no more where the feed is gone."""
        self.counts["failed to answer"] += 1
        gone = isinstance(error, FetchFailed) and error.answered == 410
        result = FeedResult.REFUSED if isinstance(error, (Refused, Disallowed)) else FeedResult.FAILED
        detail = _detail(error) + ("; it is gone, and not watched any more" if gone else "")
        seconds = max(back_off(claim.interval, claim.failures + 1), error.seconds if isinstance(error, Later) else 0)
        now = self._now()
        due = now + dt.timedelta(seconds=seconds)
        await self._store(ledger.fail, claim, now, due, result, detail, gone=gone)
        self._say(claim, f"{result}: {detail}")

    async def _fetch(self, claim: Claim, item: Waiting) -> float:
        """Fetch the page of an item and put it into the store; returns the seconds that its host wants to be left."""
        try:
            async with self._manners.turn(item.url):
                page = await captured.fetch(self._fetcher, item.url, extract=claim.extract)
            new = await self._store(ledger.store_item, claim, self._now(), item, page)
        except Later as error:
            self.counts["waiting"] += 1
            if item.detail != error.detail:
                await self._store(ledger.put_off_item, claim, self._now(), item, error.detail)
            return error.seconds
        except Busy:
            raise
        except (Disallowed, DatelineError, ValueError) as error:
            await self._fail_item(claim, item, error)
        else:
            self.counts["stored" if new else "unchanged"] += 1
        return 0.0

    async def _fail_item(self, claim: Claim, item: Waiting, error: Exception) -> None:
        closed = isinstance(error, Disallowed)
        state = FeedItemState.REFUSED if closed or isinstance(error, Refused) else FeedItemState.FAILED
        self.counts[state] += 1
        await self._store(ledger.fail_item, claim, self._now(), item, state, _detail(error), for_good=closed)
        self._tell(f"{item.url}: {state}: {_detail(error)}")

    def _say(self, claim: Claim, what: str) -> None:
        self._tell(f"feed {claim.id} {claim.url}: {what}")

    async def _store(self, work: Callable[Concatenate[Engine, P], T], *given: P.args, **named: P.kwargs) -> T:
        """Work on the store in a thread, which no cancelling interrupts; again where others keep the store."""
        run = partial(work, self._engine, *given, **named)
        for _ in range(_PATIENCE - 1):
            with suppress(Busy):
                return await anyio.to_thread.run_sync(run)
        return await anyio.to_thread.run_sync(run)


def back_off(interval: int, failures: int) -> float:
    """Seconds until a feed is asked again that has failed so many times in a row.

    Twice as many each time, up to a day or its own interval; somewhat more at random, so that feeds do not go in step.
    """
    return max(interval, min(interval * 2.0 ** min(failures, 30), DAY)) * random.uniform(1.0, 1.2)


async def _parsed(fetched: Fetched) -> FeedDocument:
    return await anyio.to_thread.run_sync(parse, fetched.body, fetched.headers.get("content-type"), fetched.url)


def _validator(fetched: Fetched, name: str) -> str | None:
    value = str(fetched.headers.get(name, ""))
    return value if _VALIDATOR.fullmatch(value) else None


def _detail(error: Exception) -> str:
    """What may be told of an error."""
    if isinstance(error, NotAFeed):
        return str(error)
    return str(getattr(error, "detail", "the page does not fit the store"))
