"""The schedule of attempts for a delivery, from the specification."""

import datetime as dt
import random

# Seconds after the first attempt, the second, …
_DELAYS = (5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))

ATTEMPTS = len(_DELAYS) + 1
"""Attempts after which a delivery has failed."""

LONGEST = 24 * 3600
"""Longest pause, in seconds, that a receiver can ask for."""


def get_pause(attempts: int, retry_after: int | None = None) -> dt.timedelta | None:
    """Return the pause after so many attempts, or None after the last.

    It is up to a fifth longer at random, so that deliveries that failed together are not sent together, and no shorter
    than ``retry_after``, the seconds that the receiver asked for.
    """
    if attempts >= ATTEMPTS:
        return None
    seconds = _DELAYS[attempts - 1] * random.uniform(1.0, 1.2)
    return dt.timedelta(seconds=max(seconds, retry_after or 0))
