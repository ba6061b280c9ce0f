"""The watcher: checks feeds when they are due, and fetches their new items, one item a transaction."""

import datetime as dt
import random
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import anyio.to_thread
from sqlalchemy import Engine

from app.capture.capture import capture_url
from app.capture.feeds import checks, document
from app.capture.feeds.checks import FeedLease, WaitingItem
from app.capture.feeds.document import FeedDocument, NotAFeed
from app.capture.feeds.host_schedule import DAY, Disallowed, HostSchedule, Postponed
from app.capture.feeds.parse import parse
from app.core.config import Settings
from app.core.errors import Busy, DatelineError, FetchFailed, Refused
from app.core.vocab import FeedItemState, FeedResult
from app.database.engine import open_read_transaction
from app.fetch import FEED_TYPES, Fetcher, FetchResponse
from app.queries import feeds as queries
from app.store.worker import Worker, utc_now

# Feeds are served as these types, too; parsing tells what they are.
_ACCEPTED_TYPES = FEED_TYPES | {
    *("text/html", "text/plain"),
    *("application/gzip", "application/x-gzip", "application/octet-stream"),
}
_ACCEPT = ", ".join([*sorted(FEED_TYPES), "*/*;q=0.1"])

# What may be sent back as If-None-Match or If-Modified-Since.
_VALIDATOR = re.compile("[ -~]{1,500}")


class Watcher(Worker[FeedLease]):
    """The worker that checks the feeds of a store, or ``only`` those with these ids.

    ``counts`` are the ``feeds`` that were checked, those that ``failed to answer``, and the items by result: ``new``,
    ``stored``, ``unchanged``, ``waiting``, ``refused``, ``failed``.
    """

    owner_noun = "feed"
    concurrency = 8
    poll_seconds = 5.0

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        only: Collection[int] = (),
        report: Callable[[str], None],
        fetcher: Fetcher | None = None,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        super().__init__(engine, report=report, now=now)
        self._only = only
        self._fetcher = fetcher or Fetcher.from_settings(settings)
        self._schedule = HostSchedule(self._fetcher, delay=settings.crawl_delay)

    async def run(self, *, once: bool) -> None:
        """Check the feeds that are due: those that are now if only ``once``, else until cancelled."""
        async with self._fetcher:
            await super().run(once=once)

    def list_due(self, engine: Engine, now: dt.datetime) -> Sequence[int]:
        """Return the ids of the feeds that are due, the one due first first."""
        with open_read_transaction(engine) as session:
            return queries.list_due_feeds(session, now, self._only)

    def acquire(self, engine: Engine, owner: int, now: dt.datetime, due_by: dt.datetime) -> FeedLease | None:
        """Lease the feed if it was due by then."""
        return checks.acquire(engine, owner, now, due_by)

    def release(self, engine: Engine, lease: FeedLease, now: dt.datetime) -> None:
        """Let the feed be due now; its items that were not fetched wait."""
        checks.finish(engine, lease, now)

    async def perform(self, lease: FeedLease) -> bool:
        """Check the feed, and fetch the items that wait. Return False: the feed is due again later."""
        self.counts["feeds"] += 1
        try:
            await self._check(lease)
        except (Disallowed, Postponed, NotAFeed, Refused, FetchFailed) as error:
            await self._record_failure(lease, error)
            return False
        items = await self.in_store(checks.list_waiting, lease)
        waits = [await self._fetch_item(lease, item) for item in items]
        seconds = max(lease.interval, lease.ttl, *waits, 0)
        await self.in_store(checks.finish, lease, self.now() + dt.timedelta(seconds=seconds))
        return False

    async def _check(self, lease: FeedLease) -> None:
        """Fetch the feed and record its answer."""
        validators = {"If-None-Match": lease.etag, "If-Modified-Since": lease.last_modified}
        fetched = await self._get(lease.url, {name: value for name, value in validators.items() if value})
        if fetched.is_not_modified:
            await self.in_store(checks.record_unchanged, lease, self.now())
            return
        new = await self.in_store(
            checks.record_answer,
            lease,
            self.now(),
            await self._parse_with_sitemaps(fetched),
            etag=_get_validator(fetched, "etag"),
            last_modified=_get_validator(fetched, "last-modified"),
        )
        self.counts["new"] += new
        if new:
            self._report(lease, f"{new} new")

    async def _get(self, url: str, headers: dict[str, str]) -> FetchResponse:
        async with self._schedule.wait_for_turn(url):
            return await self._fetcher.get(url, headers={"Accept": _ACCEPT, **headers}, accept=_ACCEPTED_TYPES)

    async def _parse_with_sitemaps(self, fetched: FetchResponse) -> FeedDocument:
        """Return the feed with the items of all sitemaps that it names."""
        feed = await _parse(fetched)
        items = list(feed.items)
        for url in feed.sitemaps:
            items += (await _parse(await self._get(url, {}))).items
        return replace(feed, items=document.select_newest(items))

    async def _record_failure(self, lease: FeedLease, error: Exception) -> None:
        """Let the feed be due after a pause that doubles with each failure; end the watch of a feed that is gone."""
        self.counts["failed to answer"] += 1
        gone = isinstance(error, FetchFailed) and error.answered == 410
        result = FeedResult.REFUSED if isinstance(error, (Refused, Disallowed)) else FeedResult.FAILED
        detail = _describe(error) + ("; it is gone, and not watched any more" if gone else "")
        seconds = max(
            back_off(lease.interval, lease.failures + 1), error.seconds if isinstance(error, Postponed) else 0
        )
        now = self.now()
        due_at = now + dt.timedelta(seconds=seconds)
        await self.in_store(checks.record_failure, lease, now, due_at, result, detail, gone=gone)
        self._report(lease, f"{result}: {detail}")

    async def _fetch_item(self, lease: FeedLease, item: WaitingItem) -> float:
        """Fetch the page of an item and store it. Return the seconds for which its host asks to be left alone."""
        try:
            async with self._schedule.wait_for_turn(item.url):
                page = await capture_url(self._fetcher, item.url, extract=lease.extract)
            new = await self.in_store(checks.store_item, lease, self.now(), item, page)
        except Postponed as error:
            self.counts["waiting"] += 1
            if item.detail != error.detail:
                await self.in_store(checks.postpone_item, lease, self.now(), item, error.detail)
            return error.seconds
        except Busy:
            raise
        except (Disallowed, DatelineError, ValueError) as error:
            await self._record_item_failure(lease, item, error)
        else:
            self.counts["stored" if new else "unchanged"] += 1
        return 0.0

    async def _record_item_failure(self, lease: FeedLease, item: WaitingItem, error: Exception) -> None:
        disallowed = isinstance(error, Disallowed)
        state = FeedItemState.REFUSED if disallowed or isinstance(error, Refused) else FeedItemState.FAILED
        self.counts[state] += 1
        detail = _describe(error)
        await self.in_store(checks.record_item_failure, lease, self.now(), item, state, detail, final=disallowed)
        self.report(f"{item.url}: {state}: {detail}")

    def _report(self, lease: FeedLease, line: str) -> None:
        self.report(f"feed {lease.id} {lease.url}: {line}")


def back_off(interval: int, failures: int) -> float:
    """Return the seconds until the next check of a feed that has failed so many times in a row.

    They double with each failure, up to a day or the feed's own interval, plus up to a fifth at random, so that feeds
    that failed together are not checked together.
    """
    return max(interval, min(interval * 2.0 ** min(failures, 30), DAY)) * random.uniform(1.0, 1.2)


async def _parse(fetched: FetchResponse) -> FeedDocument:
    return await anyio.to_thread.run_sync(parse, fetched.body, fetched.headers.get("content-type"), fetched.url)


def _get_validator(fetched: FetchResponse, name: str) -> str | None:
    value = str(fetched.headers.get(name, ""))
    return value if _VALIDATOR.fullmatch(value) else None


def _describe(error: Exception) -> str:
    """Return the text of an error that may be shown to users."""
    if isinstance(error, NotAFeed):
        return str(error)
    return str(getattr(error, "detail", "the page does not fit the store"))
