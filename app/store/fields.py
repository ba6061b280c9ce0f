"""From validated bodies to columns of rows: references resolved, dates read, spans found, keys added."""

import hashlib
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeVar

from sqlmodel import Session, SQLModel

from app.core.dates import parse_edtf
from app.core.errors import Conflict, Invalid
from app.core.spans import Span, check_span, find_span, make_match_key, slugify
from app.core.urls import canonicalize_url
from app.core.vocab import CodedBy
from app.database.models import (
    Attribution,
    Claim,
    Document,
    Event,
    Record,
    Report,
    Source,
    Speaker,
    Statement,
    Utterance,
)
from app.queries import lookups
from app.schemas.common import CodingUpdate, Input, SpanIn
from app.store.revisions import WriteSession

R = TypeVar("R", bound=Record)
Ref = int | str
"""A reference to a record: its id, slug or external id."""
At = tuple[str | int, ...]
"""Path of a field in the body, such as ``("statements", 0, "speaker")``."""


class Reference(NamedTuple):
    """The model that a field refers to, and the column that holds the id."""

    model: type[Record]
    column: str


class _SpanColumns(NamedTuple):
    """The columns that hold a span: its words, if they are kept, its start and its end."""

    words: str | None
    start: str
    end: str


REFERENCES: dict[str, Reference] = {
    "source": Reference(Source, "source_id"),
    "speaker": Reference(Speaker, "speaker_id"),
    "event": Reference(Event, "event_id"),
    "utterance": Reference(Utterance, "utterance_id"),
    "document": Reference(Document, "document_id"),
    "report": Reference(Report, "report_id"),
    "supersedes_id": Reference(Document, "supersedes_id"),
    "attributed_to": Reference(Speaker, "attributed_to_id"),
}
"""References by the name of their field in a body."""

_NAME_COLUMNS: dict[type[Record], str] = {
    Source: "slug",
    Speaker: "slug",
    Event: "external_id",
    Utterance: "external_id",
}
"""The column that a reference which is no number is looked up in."""

# Fields that become rows of their own, or ask for the text to be read.
_NO_COLUMNS = {"aliases", "reports", "statements", "claims", "chain", "extract"}

# The dates, with the prefix of the columns that hold their bounds.
_DATES = {"date": "", "said": "said_", "published": "published_"}

_SPANS: dict[tuple[type[Record], str], _SpanColumns] = {
    (Report, "passage"): _SpanColumns(None, "start", "end"),
    (Statement, "span"): _SpanColumns("text", "start", "end"),
    (Statement, "cue"): _SpanColumns("cue", "cue_start", "cue_end"),
    (Attribution, "cue"): _SpanColumns("cue", "start", "end"),
    (Claim, "span"): _SpanColumns("value", "start", "end"),
}


def body_values(body: Input, *, partial: bool = False) -> dict[str, Any]:
    """Return the fields of a body that become columns; with ``partial``, only those that the body sets."""
    names = body.model_fields_set if partial else type(body).model_fields.keys()
    return {name: getattr(body, name) for name in names if name not in _NO_COLUMNS}


def update_values(row: Record, body: CodingUpdate) -> dict[str, Any]:
    """Return the fields that an update sets; one that does not say by whom it is coded makes the record a person's."""
    values = body_values(body, partial=True)
    if body.model_fields_set and "coded_by" not in values and row.coded_by != CodedBy.HUMAN:
        values = {"confidence": None, **values, "coded_by": CodedBy.HUMAN}
    return values


def column_values(
    session: WriteSession, model: type[Record], values: dict[str, Any], at: At = (), *, text: str = ""
) -> dict[str, Any]:
    """Return the columns of ``model`` for these fields of a body; spans are looked for in ``text``.

    Raise Invalid, naming the field below ``at``, for a reference to no record, or a span that is not in the text.
    """
    columns: dict[str, Any] = {}
    for name, value in values.items():
        if name in REFERENCES:
            target, column = REFERENCES[name]
            columns[column] = None if value is None else resolve(session, target, value, (*at, name)).id
        elif name in _DATES:
            columns |= _build_date_columns(name, value)
        elif (model, name) in _SPANS:
            columns |= _build_span_columns(_SPANS[model, name], value, text, (*at, name))
        else:
            columns[name] = value
            if name in ("name", "place"):
                columns[f"{name}_key"] = value and make_match_key(value)
            elif name == "url":
                columns["canonical_url"] = value and canonicalize_url(value)
    return columns


def _build_date_columns(name: str, value: str | None) -> dict[str, Any]:
    columns: dict[str, Any] = {name: value}
    date = parse_edtf(value) if value is not None else None
    for bound in ("earliest", "latest", "latest_start", "earliest_end"):
        columns[_DATES[name] + bound] = getattr(date, bound, None)
    return columns


def _build_span_columns(names: _SpanColumns, value: SpanIn | None, text: str, at: At) -> dict[str, Any]:
    """Return the columns of a span: at its offsets, once checked, or else at the one place where its words stand."""
    span = None
    try:
        if value is not None and value.start is not None and value.end is not None:
            check_span(text, value.start, value.end, value.exact)
            span = Span(value.start, value.end)
        elif value is not None:
            span = find_span(text, value.exact or "", prefix=value.prefix, suffix=value.suffix)
    except ValueError as error:
        raise Invalid(at, str(error)) from error
    columns: dict[str, Any] = {names.start: span and span.start, names.end: span and span.end}
    if names.words is not None:
        columns[names.words] = span and text[span.start : span.end]
    return columns


def resolve(session: WriteSession, model: type[R], ref: Ref, at: At) -> R:
    """Return the row that ``ref`` names; of an event that was merged, the one that it was merged into.

    Raise Invalid, naming the field ``at``, if there is none.
    """
    row = find(session, model, ref)
    if row is None:
        raise Invalid(at, f"there is no {model.__name__.lower()} {ref}")
    while isinstance(row, Event) and row.merged_into_id is not None:
        row = session.get_one(model, row.merged_into_id)
    return row


def find(session: WriteSession, model: type[R], ref: Ref) -> R | None:
    """Return the row that ``ref`` names, if there is one."""
    if isinstance(ref, int):
        return session.get(model, ref)
    if (model, ref) in session.rows_by_name:
        return session.rows_by_name[model, ref]  # type: ignore[return-value]  # it is of the model in its key
    return lookups.find_row(session, model, **{_NAME_COLUMNS[model]: ref})


def preload_references(session: WriteSession, names: Iterable[tuple[type[Record], str]]) -> None:
    """Look up many slugs and external ids at once, so that ``find`` has them at hand, also those of no record.

    Only for a session in which none of these records is renamed or deleted.
    """
    missing: dict[type[Record], set[str]] = {}
    for model, name in names:
        if (model, name) not in session.rows_by_name:
            missing.setdefault(model, set()).add(name)
    for model, keys in missing.items():
        session.rows_by_name |= dict.fromkeys((model, key) for key in keys)
        for row in lookups.iterate_rows(session, model, _NAME_COLUMNS[model], keys):
            remember_reference(session, row)


def remember_reference(session: WriteSession, row: Record) -> None:
    """Let ``find`` have a row at hand that was added after references were preloaded."""
    if type(row) in _NAME_COLUMNS:
        session.rows_by_name[type(row), getattr(row, _NAME_COLUMNS[type(row)])] = row


def check_free(session: WriteSession, model: type[Record], **key: str | None) -> None:
    """Raise Conflict if a record has this slug or external id."""
    [(name, value)] = key.items()
    holder = find(session, model, value) if value is not None else None
    if holder is not None:
        raise Conflict(f"There is already a {model.__name__.lower()} with the {name} {value}.", id=holder.id)


def build_free_slug(session: Session, model: type[SQLModel], name: str) -> str:
    """Derive a slug from a name, with a number if the slug alone is taken."""
    slug = stem = slugify(name)
    number = 1
    while lookups.find_row(session, model, slug=slug) is not None:
        number += 1
        slug = f"{stem[:70].rstrip('-')}-{number}"
    return slug


def set_columns(row: R, values: dict[str, Any]) -> R:
    """Give columns of a row new values; those that are equal stay untouched."""
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
    return row


def get_id(row: Record) -> int:
    """Return the id of a row that has been flushed."""
    assert row.id is not None
    return row.id


def hash_text(text: str) -> str:
    """Return the SHA-256 of the text in UTF-8, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
