"""Dateline's own JSON lines: one record a line, under the word that says what it is.

``{"event": {"title": …}}``: the word is a key of ``_KINDS``, the rest is the body of the API's POST, validated
by the same shape and stored by ``store/records.py``. A line that was imported before is recognized, so that a file
can be sent again; a wrong line is reported and leaves no trace, and the others are stored.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlalchemy.exc import DataError, IntegrityError

from app.core.errors import BadRequest, DatelineError, Invalid
from app.core.vocab import CodedBy, Noun, Outcome
from app.database.models import Document, Event, Record, Source, Speaker, Utterance
from app.imports.progress import Counts, Progress
from app.schemas.claim import ClaimCreate
from app.schemas.common import Coding, CodingUpdate, Input
from app.schemas.document import DocumentCreate
from app.schemas.event import EventCreate, EventUpdate
from app.schemas.report import ReportCreate
from app.schemas.source import SourceCreate, SourceUpdate
from app.schemas.speaker import SpeakerCreate, SpeakerUpdate
from app.schemas.statement import StatementCreate
from app.schemas.utterance import UtteranceCreate, UtteranceUpdate
from app.store import records, revisions, sources_and_speakers
from app.store.fields import REFERENCES, find, preload_references, remember_reference
from app.store.revisions import WriteSession
from app.store.upserts import (
    build_update,
    find_claim,
    find_event,
    find_report,
    find_source,
    find_speaker,
    find_statement,
    find_utterance,
    has_differences,
)

# How much of the path of a field is told: a line may name one as long as itself.
_SHOWN = 200

FORMAT = "lines"
BATCH = 500
"""Lines that are committed together, as one revision."""

BY_A_PERSON = "read by a person; the line is not"

_REFUSED = (DatelineError, IntegrityError, DataError)


@dataclass(frozen=True)
class Result:
    """The outcome of one line; ``field`` is the path of the wrong value inside it."""

    line: int
    outcome: Outcome
    noun: Noun | None = None
    id: int | None = None
    field: str | None = None
    detail: str | None = None
    reason: str | None = None
    """The kind of ``detail``, by which lines are counted."""


@dataclass(frozen=True)
class _Kind:
    """The functions for one kind of record: to add it, to find the same record, and to change it."""

    shape: type[Coding]
    add: Callable[[WriteSession, Any], Record]
    find_same: Callable[[WriteSession, Any], Record | None] = lambda session, body: None
    change: Callable[[WriteSession, Any, Any], Record] | None = None
    update: type[CodingUpdate] = CodingUpdate


def commit(
    engine: Engine, progress: Progress, lines: Iterable[tuple[int, bytes]], upto: int, *, author: str, message: str
) -> list[Result]:
    """Store numbered lines as one revision, and record that the import is done up to the line ``upto``."""
    entries = [_parse_entry(number, line) for number, line in lines]
    counts = Counts()
    with revisions.write(engine, author=author, message=message) as session:
        results = _Batch(session).store(entries)
        for result in results:
            counts.add(result.outcome, result.reason)
        revision = session.revision.id
        progress.save(session.connection(), lines=upto - progress.lines, counts=counts, revision=revision)
    return results


@dataclass(frozen=True)
class _Entry:
    """A line that could be parsed."""

    line: int
    word: str
    body: Coding


def _parse_entry(number: int, line: bytes) -> _Entry | Result:
    word = ""
    try:
        word, values = _parse_line(line)
        return _Entry(number, word, _KINDS[word].shape.model_validate(values))
    except ValidationError as error:
        return _build_rejection(number, word, *_describe_first(error))
    except BadRequest as error:
        return _build_rejection(number, word, "", error.detail)


class _Batch:
    """The lines that are stored in one transaction."""

    def __init__(self, session: WriteSession) -> None:
        self._session = session
        self._new_events: dict[str, _Entry] = {}
        self._documents: set[int | None] = set()
        self._results: list[Result] = []

    def store(self, lines: Sequence[_Entry | Result]) -> list[Result]:
        """Store the lines and return their results in order, with those of lines that could not be parsed."""
        preload_references(
            self._session, (name for line in lines if isinstance(line, _Entry) for name in _iterate_keys(line.body))
        )
        for line in lines:
            if isinstance(line, Result):
                self._results.append(line)
            elif not self._postpone_event(line):
                self._store_events()
                self._results.append(self._store_entry(line))
        self._store_events()
        return sorted(self._results, key=lambda result: result.line)

    def _postpone_event(self, entry: _Entry) -> bool:
        """Postpone a line that can be stored together with others: a new event with an id of its own."""
        name = entry.body.external_id if isinstance(entry.body, EventCreate) else None
        if name is None or name in self._new_events or find(self._session, Event, name) is not None:
            return False
        self._new_events[name] = entry
        return True

    def _store_events(self) -> None:
        """Store the postponed events, together if possible, which takes a fraction of the time."""
        entries, self._new_events = list(self._new_events.values()), {}
        if not entries:
            return
        try:
            with self._session.attempt():
                rows = records.add_events(self._session, [cast(EventCreate, entry.body) for entry in entries])
        except _REFUSED:
            self._results += [self._store_entry(entry) for entry in entries]
        else:
            self._results += [
                self._build_result(entry, Outcome.TAKEN, row) for entry, row in zip(entries, rows, strict=True)
            ]

    def _store_entry(self, entry: _Entry) -> Result:
        try:
            with self._session.attempt():
                return self._build_result(entry, *self._add_or_change(_KINDS[entry.word], entry.body))
        except DatelineError as error:
            problem = error.extensions["errors"][0] if isinstance(error, Invalid) else {"detail": error.detail}
            return _build_rejection(entry.line, entry.word, problem.get("field", ""), problem["detail"])
        except (IntegrityError, DataError):
            return _build_rejection(entry.line, entry.word, "", "it clashes with what the store holds")

    def _build_result(self, entry: _Entry, outcome: Outcome, row: Record) -> Result:
        remember_reference(self._session, row)
        reason = BY_A_PERSON if outcome is Outcome.SKIPPED else None
        return Result(entry.line, outcome, row.noun, row.id, detail=reason, reason=reason)

    def _add_or_change(self, kind: _Kind, body: Coding) -> tuple[Outcome, Record]:
        row = kind.find_same(self._session, body)
        if row is None:
            return self._add(kind, body)
        if kind.change is None:
            return Outcome.UNCHANGED, row
        update = build_update(kind.update, body)
        if not has_differences(self._session, row, update):
            return Outcome.UNCHANGED, row
        if row.coded_by == CodedBy.HUMAN and body.coded_by != CodedBy.HUMAN:
            return Outcome.SKIPPED, row
        return Outcome.CHANGED, kind.change(self._session, row, update)

    def _add(self, kind: _Kind, body: Coding) -> tuple[Outcome, Record]:
        row = kind.add(self._session, body)
        if not isinstance(row, Document):
            return Outcome.TAKEN, row
        # The store returns the existing document, which an earlier line of this transaction may have added.
        new = self._session.has_written(row) and row.id not in self._documents
        self._documents.add(row.id)
        return (Outcome.TAKEN if new else Outcome.UNCHANGED), row


def _parse_line(line: bytes) -> tuple[str, Any]:
    """Return the word and the body of a line. Raise `BadRequest`."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise BadRequest("not valid JSON") from None
    if not isinstance(content, dict) or len(content) != 1 or not content.keys() <= _KINDS.keys():
        raise BadRequest(f"not an object with one key of: {', '.join(_KINDS)}")
    [(word, values)] = content.items()
    return word, values


def _iterate_keys(body: Coding) -> Iterator[tuple[type[Record], str]]:
    """Yield the slugs and external ids in a body: its own, and those that it refers to."""
    if isinstance(body, (SourceCreate, SpeakerCreate)) and body.slug is not None:
        yield (Source if isinstance(body, SourceCreate) else Speaker), body.slug
    elif isinstance(body, (EventCreate, UtteranceCreate)) and body.external_id is not None:
        yield (Event if isinstance(body, EventCreate) else Utterance), body.external_id
    yield from _iterate_references(body)


def _iterate_references(body: Input) -> Iterator[tuple[type[Record], str]]:
    for name in body.model_fields_set:
        value = getattr(body, name)
        if name in REFERENCES and isinstance(value, str):
            yield REFERENCES[name].model, value
        elif isinstance(value, list):
            for part in value:
                if isinstance(part, Input):
                    yield from _iterate_references(part)


_NAME = re.compile(r"[A-Za-z_]\w*")


def _describe_first(error: ValidationError) -> tuple[str, str]:
    """Return the path and detail of the first wrong field, without pydantic's names for parts of a union."""
    paths: dict[str, list[str]] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        path = ".".join(str(part) for part in problem["loc"] if isinstance(part, int) or _NAME.fullmatch(part))
        paths.setdefault(path, []).append(problem["msg"].removeprefix("Value error, "))
    path, details = next(iter(paths.items()))
    return path, " Or: ".join(dict.fromkeys(details))


def _build_rejection(number: int, word: str, path: str, detail: str) -> Result:
    at = ".".join(part for part in (word, path) if part)[:_SHOWN]
    fields = _KINDS[word].shape.model_fields if word else {}
    top = path.partition(".")[0]
    reason = f"{word}.{top}" if top in fields else word or "unreadable"
    return Result(number, Outcome.REJECTED, field=at or None, detail=detail, reason=reason)


def _put_document(session: WriteSession, body: DocumentCreate) -> Document:
    if body.extract:
        raise Invalid("extract", "an import does not read texts: the command dateline extract does, afterwards")
    return records.put_document(session, body)


_KINDS = {
    "source": _Kind(
        SourceCreate, sources_and_speakers.add_source, find_source, sources_and_speakers.update_source, SourceUpdate
    ),
    "speaker": _Kind(
        SpeakerCreate,
        sources_and_speakers.add_speaker,
        find_speaker,
        sources_and_speakers.update_speaker,
        SpeakerUpdate,
    ),
    "event": _Kind(EventCreate, records.add_event, find_event, records.update_event, EventUpdate),
    "utterance": _Kind(
        UtteranceCreate, records.add_utterance, find_utterance, records.update_utterance, UtteranceUpdate
    ),
    "document": _Kind(DocumentCreate, _put_document),
    "report": _Kind(ReportCreate, records.add_report, find_report),
    "statement": _Kind(StatementCreate, records.add_statement, find_statement),
    "claim": _Kind(ClaimCreate, records.add_claim, find_claim),
}
