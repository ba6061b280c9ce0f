"""The deliverer: makes deliveries of new changes for each webhook and sends them, to several receivers at once."""

import datetime as dt
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Engine

from app.core.config import Settings
from app.core.errors import FetchFailed, Refused
from app.database.engine import open_read_transaction
from app.fetch import Fetcher
from app.queries import webhooks
from app.store.worker import Worker, utc_now
from app.webhooks import deliveries, signing
from app.webhooks.deliveries import Attempt, DeliveryLease, DeliveryOutcome
from app.webhooks.schedule import LONGEST

_LOG = structlog.get_logger("dateline.deliver")

# Seconds by which a lease outlasts the longest time that sending may take.
_MARGIN = 60.0

# The way out for an operator who runs a receiver in an own network.
_OWN_NETWORKS = " (DATELINE_WEBHOOK_NETWORKS lets webhooks into networks of your own)"


class Deliverer(Worker[DeliveryLease]):
    """The worker that serves the webhooks of a store.

    A receiver gets one delivery at a time, the one that was due first. A delivery that fails is sent again by the
    schedule, and later ones do not wait for it. ``counts`` are the deliveries ``made``, and those sent, by outcome.
    """

    owner_noun = "webhook"
    concurrency = 32
    poll_seconds = 1.0

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        *,
        report: Callable[[str], None],
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        super().__init__(engine, report=report, now=now)
        self._fetcher = Fetcher.from_settings(settings, networks=settings.webhook_networks)
        self._lease_time = dt.timedelta(seconds=settings.fetch_timeout + _MARGIN)

    async def run(self, *, once: bool) -> None:
        """Send what is due: now if only ``once``, else until cancelled."""
        async with self._fetcher:
            await super().run(once=once)

    def list_due(self, engine: Engine, now: dt.datetime) -> Sequence[int]:
        """Return the ids of the active webhooks with new revisions, or with deliveries that are due."""
        with open_read_transaction(engine) as session:
            return webhooks.list_with_work(session, now)

    async def prepare(self, owner: int) -> bool:
        """Make deliveries of the next changes. Return True if any revisions were new to the webhook."""
        made = await self.in_store(deliveries.make_deliveries, owner, self.now())
        self.counts["made"] += made or 0
        return made is not None

    def acquire(self, engine: Engine, owner: int, now: dt.datetime, due_by: dt.datetime) -> DeliveryLease | None:
        """Lease the webhook's delivery that was due first."""
        return deliveries.acquire(engine, owner, now, due_by=due_by, until=now + self._lease_time)

    def release(self, engine: Engine, lease: DeliveryLease, now: dt.datetime) -> None:
        """Let the delivery be due now."""
        deliveries.release(engine, lease, now)

    def cleanup(self, engine: Engine, now: dt.datetime) -> None:
        """Delete old deliveries from the log, and secrets that no longer sign."""
        deliveries.cleanup(engine, now)

    async def perform(self, lease: DeliveryLease) -> bool:
        """Send the delivery and record the outcome. Return True if it was delivered, which makes room for another."""
        attempt = await self.send(lease)
        outcome = await self.in_store(deliveries.record_outcome, lease, self.now(), attempt)
        self.counts[outcome] += 1
        if outcome is not DeliveryOutcome.DELIVERED:
            self._report_failure(lease, attempt, outcome)
        return outcome is DeliveryOutcome.DELIVERED

    async def send(self, lease: DeliveryLease) -> Attempt:
        """Send the delivery, without recording the attempt."""
        headers = signing.build_headers(lease.message_id, lease.body, lease.secrets, self.now())
        try:
            response = await self._fetcher.post(lease.url, lease.body.encode(), headers)
        except Refused as error:
            return Attempt(None, f"{error.detail}{_OWN_NETWORKS}")
        except FetchFailed as error:
            return Attempt(None, error.detail)
        if 200 <= response.status < 300:
            return Attempt(response.status, None)
        note = "; redirects are not followed" if 300 <= response.status < 400 else ""
        error_text = f"the receiver answered with status {response.status}{note}"
        return Attempt(response.status, error_text, min(response.retry_after or 0, LONGEST))

    def _report_failure(self, lease: DeliveryLease, attempt: Attempt, outcome: DeliveryOutcome) -> None:
        """Report the host of the address alone, since the rest may be secret."""
        host = urlsplit(lease.url).hostname
        self.report(f"webhook {lease.webhook_id} ({host}): {lease.message_id}: {attempt.error}; {outcome}")
        if outcome is DeliveryOutcome.DISABLED:
            _LOG.warning("webhook disabled", webhook=lease.webhook_id, host=host, detail=attempt.error)
