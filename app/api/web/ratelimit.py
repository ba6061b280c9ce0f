"""A limit on the requests of one client, when ``DATELINE_RATE_LIMIT`` sets one; each process counts for itself."""

import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from app.core.errors import TooManyRequests


class RateLimit:
    def __init__(self, rate: str) -> None:
        self.item: RateLimitItem = parse(rate)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def hit(self, client: str) -> dict[str, str]:
        """Count one request; the headers that say what is left (draft-ietf-httpapi-ratelimit-headers).

        Raises TooManyRequests, with the same headers and ``Retry-After``, when nothing is.
        """
        allowed = self._limiter.hit(self.item, client)
        window = self._limiter.get_window_stats(self.item, client)
        quota, seconds = self.item.amount, self.item.get_expiry()
        reset = max(1, round(window.reset_time - time.time()))
        headers = {
            "RateLimit-Policy": f'"default";q={quota};w={seconds}',
            "RateLimit": f'"default";r={window.remaining};t={reset}',
        }
        if not allowed:
            headers["Retry-After"] = str(reset)
            raise TooManyRequests(f"{quota} requests in {seconds} seconds are allowed.", headers=headers)
        return headers
