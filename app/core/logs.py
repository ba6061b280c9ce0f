"""Logs on standard error, for people or for machines, without keys and query strings."""

import logging
import re
import sys
from typing import Any

import structlog

from app.core.config import Settings

# A key; its part after the prefix is secret.
_SECRET = re.compile(r"(dlr?_[A-Za-z0-9]{8}_)[A-Za-z0-9]+")


def configure_logs(settings: Settings) -> None:
    """Configure structlog as the settings say."""
    renderer: structlog.types.Processor = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _hide_secrets(renderer),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(settings.log_level.upper())),
        # A new logger for each event, since a test may have replaced standard error meanwhile.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _hide_secrets(render: structlog.types.Processor) -> structlog.types.Processor:
    """Wrap a renderer to mask keys: no event has one of its own, but the text of an exception can quote one."""

    def render_masked(logger: Any, method: str, event: structlog.types.EventDict) -> str:
        return _SECRET.sub(r"\1…", str(render(logger, method, event)))

    return render_masked
