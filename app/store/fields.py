"""From a validated body to the values of a row's columns."""

import hashlib
from typing import Any

from sqlmodel import Session

from app.core.dates import parse_edtf
from app.core.errors import Invalid
from app.core.spans import Span, check_span, find_span, make_match_key
from app.core.urls import canonicalize_url
from app.database.models import Attribution, Claim, Record, Report, Statement
from app.schemas.common import Input, SpanIn
from app.store.references import REFERENCES, At, resolve

# Fields of a body that become rows of their own, be it by being read.
_CARRIED = {"aliases", "reports", "statements", "claims", "chain", "extract"}

_DATES = {"date": "", "said": "said_", "published": "published_"}

# Where a span goes: the columns of its words (where kept), its start and its end.
_SPANS: dict[tuple[type[Record], str], tuple[str | None, str, str]] = {
    (Report, "passage"): (None, "start", "end"),
    (Statement, "span"): ("text", "start", "end"),
    (Statement, "cue"): ("cue", "cue_start", "cue_end"),
    (Attribution, "cue"): ("cue", "start", "end"),
    (Claim, "span"): ("value", "start", "end"),
}


def body_values(body: Input, *, partial: bool = False) -> dict[str, Any]:
    """The fields of a body; for an update, only those that it sets."""
    names = body.model_fields_set if partial else type(body).model_fields.keys()
    return {name: getattr(body, name) for name in names if name not in _CARRIED}


def column_values(
    session: Session, model: type[Record], values: dict[str, Any], at: At = (), *, text: str = ""
) -> dict[str, Any]:
    """Column values for ``values``: references resolved, dates read, spans found in ``text``, keys added.

    Raises Invalid, naming the field below ``at``, for a reference or span that leads nowhere.
    """
    row: dict[str, Any] = {}
    for name, value in values.items():
        if name in REFERENCES:
            row |= _reference(session, name, value, at)
        elif name in _DATES:
            row |= _date(name, value)
        elif (model, name) in _SPANS:
            row |= _span(_SPANS[model, name], value, text, (*at, name))
        else:
            row |= _plain(name, value)
    return row


def _reference(session: Session, name: str, value: int | str | None, at: At) -> dict[str, Any]:
    model, column = REFERENCES[name]
    return {column: None if value is None else resolve(session, model, value, (*at, name)).id}


def _date(name: str, value: str | None) -> dict[str, Any]:
    prefix, parsed = _DATES[name], parse_edtf(value) if value is not None else None
    bounds = ("earliest", "latest", "latest_start", "earliest_end")
    return {name: value} | {prefix + bound: getattr(parsed, bound, None) for bound in bounds}


def _span(names: tuple[str | None, str, str], value: SpanIn | None, text: str, at: At) -> dict[str, Any]:
    words, start, end = names
    span = None if value is None else locate(text, value, at)
    row: dict[str, Any] = {start: span and span.start, end: span and span.end}
    return row | ({words: span and text[span.start : span.end]} if words else {})


def locate(text: str, asked: SpanIn, at: At) -> Span:
    """Where the words stand: as the offsets say, once checked, or at the one place where they occur."""
    try:
        if asked.start is not None and asked.end is not None:
            check_span(text, asked.start, asked.end, asked.exact)
            return Span(asked.start, asked.end)
        return find_span(text, asked.exact or "", prefix=asked.prefix, suffix=asked.suffix)
    except ValueError as error:
        raise Invalid(at, str(error)) from error


def _plain(name: str, value: Any) -> dict[str, Any]:
    """A column's own value, and what is derived from it."""
    row = {name: value}
    if name in ("name", "place"):
        row[f"{name}_key"] = value and make_match_key(value)
    elif name == "url":
        row["canonical_url"] = value and canonicalize_url(value)
    return row


def fingerprint(text: str) -> str:
    """SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
