"""When a message is sent again that did not reach its receiver: the schedule of the specification."""

import datetime as dt
import random

# Seconds after the first attempt, the second, …
_DELAYS = (5, 5 * 60, 30 * 60, *(hours * 3600 for hours in (2, 5, 10, 14, 20, 24)))

ATTEMPTS = len(_DELAYS) + 1
"""Attempts after which a message has failed."""

LONGEST = 24 * 3600
"""The most seconds for which a receiver can ask to be left alone."""


def pause(attempts: int, retry_after: int | None = None) -> dt.timedelta | None:
    """How long to wait after so many attempts; None when that was the last.

    Somewhat longer at random, so that what failed together is not sent together; and no shorter than ``retry_after``,
    the seconds that the receiver asked for.
    """
    if attempts >= ATTEMPTS:
        return None
    seconds = _DELAYS[attempts - 1] * random.uniform(1.0, 1.2)
    return dt.timedelta(seconds=max(seconds, retry_after or 0))
