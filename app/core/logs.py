"""Logs on standard error, for people or for machines; a key or a query string is never among what is logged."""

import logging
import re
import sys
from typing import Any

import structlog

from app.core.config import Settings

# The part of a key that proves it, wherever one got to.
_SECRET = re.compile(r"(dlr?_[A-Za-z0-9]{8}_)[A-Za-z0-9]+")


def configure_logs(settings: Settings) -> None:
    renderer: structlog.types.Processor = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_secrets(renderer),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level.upper())),
        # Standard error as it is when something is logged, not as it was here: whoever captured it may have left.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _without_secrets(render: structlog.types.Processor) -> structlog.types.Processor:
    """The last word on a line: nothing puts a key into one, but the text of an exception may quote anything."""

    def rendered(logger: Any, method: str, event: structlog.types.EventDict) -> str:
        return _SECRET.sub(r"\1…", str(render(logger, method, event)))

    return rendered
