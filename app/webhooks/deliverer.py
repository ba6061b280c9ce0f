"""The deliverer: makes messages of what is new to each webhook, and sends them, to several receivers at once."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import structlog
from sqlalchemy import Engine

from app.core.config import Settings
from app.core.errors import Busy, DatelineError, FetchFailed, Refused
from app.fetch import Fetcher
from app.webhooks import ledger, signing
from app.webhooks.ledger import Claim, Lost, Outcome, Settled
from app.webhooks.schedule import LONGEST

P = ParamSpec("P")
T = TypeVar("T")

_LOG = structlog.get_logger("dateline.deliver")

# Receivers that are served at once, and seconds between two looks for work.
_AT_ONCE = 32
_POLL = 1.0

# Seconds by which a lease outlasts what sending may take; how long a webhook is left that cannot be looked after; and
# how often what is old is forgotten.
_MARGIN = 60.0
_REST = dt.timedelta(seconds=30)
_TIDYING = dt.timedelta(hours=1)

# What whoever runs a receiver in his own network needs to be told.
_OWN_NETWORKS = " (DATELINE_WEBHOOK_NETWORKS lets webhooks into networks of your own)"

# Attempts at a write while others keep the store.
_PATIENCE = 3


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Deliverer:
    """Serves the webhooks of a store; any number of deliverers may do so at a time.

    A receiver gets one message at a time, the one that was due first; one that fails is sent again by the schedule, and
    the later ones do not wait for it. ``counts`` are the messages ``made``, and what became of those that were sent, by
    the words of ``Settled``. ``tell`` gets a line for each thing worth knowing. Whoever cancels ``run()`` loses
    nothing: a transaction that has begun is ended, and all else is done again.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        tell: Callable[[str], None],
        now: Callable[[], dt.datetime] = _utc_now,
    ) -> None:
        self.counts = Counter[str]()
        self._engine = engine
        self._tell = tell
        self._now = now
        self._fetcher = Fetcher.of(settings, networks=settings.webhook_networks)
        self._lease = dt.timedelta(seconds=settings.fetch_timeout + _MARGIN)
        self._slots = anyio.Semaphore(_AT_ONCE)
        self._served: set[int] = set()
        self._resting: dict[int, dt.datetime] = {}

    async def run(self, *, once: bool) -> None:
        """Send what is due: now, if only ``once``, or for ever."""
        tidied = None
        async with self._fetcher, anyio.create_task_group() as group:
            while True:
                for webhook in await self._with_work():
                    await self._slots.acquire()
                    self._served.add(webhook)
                    group.start_soon(self._serve, webhook)
                if tidied is None or tidied + _TIDYING <= self._now():
                    tidied = self._now()
                    await self._tidy(tidied)
                if once:
                    break
                await anyio.sleep(_POLL)

    async def _with_work(self) -> list[int]:
        now = self._now()
        try:
            found = await self._store(ledger.with_work, now)
        except Busy as error:
            self._tell(error.detail)
            return []
        resting = {webhook for webhook, until in self._resting.items() if until > now}
        return [webhook for webhook in found if webhook not in self._served | resting]

    async def _tidy(self, now: dt.datetime) -> None:
        with suppress(Busy):  # there will be another time
            await self._store(ledger.tidy, now)

    async def _serve(self, webhook: int) -> None:
        """Bring a webhook up to date."""
        try:
            more = True
            while more:
                made = await self._store(ledger.make_messages, webhook, self._now())
                self.counts["made"] += made or 0
                delivered = await self._send_due(webhook)
                more = made is not None or delivered
        except DatelineError as error:
            self._leave(webhook, error.detail)
        except Exception:  # a fault of ours over one webhook must not keep the others
            _LOG.exception("webhook", webhook=webhook)
            self._leave(webhook, "it could not be looked after; the log says why")
        finally:
            self._served.discard(webhook)
            self._slots.release()

    def _leave(self, webhook: int, why: str) -> None:
        """Do not look at the webhook again at once."""
        self._resting[webhook] = self._now() + _REST
        self._tell(f"webhook {webhook}: {why}")

    async def _send_due(self, webhook: int) -> bool:
        """Send the messages that are due; returns whether any got through."""
        delivered = False
        due_by = self._now()  # what fails now is due again later, and not looked at here
        while True:
            with anyio.CancelScope(shield=True):  # so that no claim is left behind
                now = self._now()
                claim = await self._store(ledger.claim, webhook, now, due_by=due_by, lease=now + self._lease)
            if claim is None:
                return delivered
            delivered |= await self._send(claim) is Settled.DELIVERED

    async def _send(self, claim: Claim) -> Settled | None:
        """Send a message, and keep what came of it; None where somebody else has."""
        try:
            outcome = await self.attempt(claim)
        except anyio.get_cancelled_exc_class():
            with anyio.CancelScope(shield=True), suppress(Busy):
                await self._store(ledger.release, claim, self._now())
            raise
        with anyio.CancelScope(shield=True), suppress(Lost):
            settled = await self._store(ledger.settle, claim, self._now(), outcome)
            self.counts[settled] += 1
            self._report(claim, outcome, settled)
            return settled
        return None

    async def attempt(self, claim: Claim) -> Outcome:
        """Send a message, and keep nothing of what comes of it."""
        headers = signing.headers(claim.message, claim.body, claim.secrets, self._now())
        try:
            posted = await self._fetcher.post(claim.url, claim.body.encode(), headers)
        except Refused as error:
            return Outcome(None, f"{error.detail}{_OWN_NETWORKS}")
        except FetchFailed as error:
            return Outcome(None, error.detail)
        if 200 <= posted.status < 300:
            return Outcome(posted.status, None)
        told = "; redirects are not followed" if 300 <= posted.status < 400 else ""
        detail = f"the receiver answered with status {posted.status}{told}"
        return Outcome(posted.status, detail, min(posted.retry_after or 0, LONGEST))

    def _report(self, claim: Claim, outcome: Outcome, settled: Settled) -> None:
        """Say what went wrong; of the address only the host, since the rest may be meant to be secret."""
        if settled is Settled.DELIVERED:
            return
        host = urlsplit(claim.url).hostname
        self._tell(f"webhook {claim.webhook} ({host}): {claim.message}: {outcome.detail}; {settled}")
        if settled is Settled.DISABLED:
            _LOG.warning("webhook disabled", webhook=claim.webhook, host=host, detail=outcome.detail)

    async def _store(self, work: Callable[Concatenate[Engine, P], T], *given: P.args, **named: P.kwargs) -> T:
        """Work on the store in a thread, which no cancelling interrupts; again where others keep the store."""
        run = partial(work, self._engine, *given, **named)
        for _ in range(_PATIENCE - 1):
            with suppress(Busy):
                return await anyio.to_thread.run_sync(run)
        return await anyio.to_thread.run_sync(run)
