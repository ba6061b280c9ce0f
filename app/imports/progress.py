"""The progress of each import, committed together with its records.

An import that was stopped at any point continues after the last committed line; a finished one is recognized by the
SHA-256 of its file, so that the same file is not read twice::

    progress = begin(engine, format="gdelt-events", name=path.name, author="dateline import", fingerprint=digest)
    for batch in batches(lines[progress.lines:]):
        with revisions.write(engine, author=…, message=…) as session:
            counts = Counts()
            …  # load the batch, and count the outcome of each line
            progress.save(session.connection(), lines=len(batch), counts=counts, revision=…)
    with open_write_transaction(engine) as session:
        progress.save(session.connection(), state=ImportState.FINISHED)
"""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Table
from sqlmodel import SQLModel

from app.core.errors import Conflict, NotFound
from app.core.vocab import ImportState, Outcome
from app.database.engine import open_read_transaction, open_write_transaction
from app.database.models import Import
from app.queries import lookups

_TABLE: Table = SQLModel.metadata.tables["import"]


@dataclass
class Counts:
    """The numbers of lines by outcome, and by reason or note."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome, reason: str | None = None) -> None:
        """Count the outcome of a line."""
        self.outcomes[outcome.value] += 1
        if reason is not None:
            self.reasons[f"{outcome}: {reason}"] += 1

    def note(self, reason: str, number: int = 1) -> None:
        """Count a note about a line, independent of its outcome."""
        if number:
            self.reasons[f"noted: {reason}"] += number


@dataclass
class Progress:
    """The committed part of one import, by the id of its record."""

    id: int
    state: ImportState
    lines: int
    counts: Counts

    def save(
        self,
        connection: Connection,
        *,
        lines: int = 0,
        counts: Counts | None = None,
        revision: int | None = None,
        state: ImportState = ImportState.RUNNING,
    ) -> None:
        """Record, in the transaction of a batch, that ``lines`` more are done, with their outcomes.

        Raise `Conflict` if another process has continued the same import. If the transaction fails, this object is
        ahead of the record and must not be used again.
        """
        update = _TABLE.update().where(_TABLE.c.id == self.id, _TABLE.c.lines == self.lines)
        self.lines += lines
        self.state = state
        if counts is not None:
            self.counts.outcomes.update(counts.outcomes)
            self.counts.reasons.update(counts.reasons)
        values: dict[str, Any] = {
            "state": self.state,
            "lines": self.lines,
            "outcomes": dict(self.counts.outcomes),
            "reasons": dict(self.counts.reasons),
            "changed_at": dt.datetime.now(dt.UTC),
        }
        if revision is not None:
            values["revision_id"] = revision
        if connection.execute(update.values(values)).rowcount != 1:
            raise Conflict("Another process is reading the same import.")


def begin(
    engine: Engine, *, format: str, name: str, author: str, fingerprint: str | None = None, again: bool = False
) -> Progress:
    """Return the progress of the import of the file with this SHA-256, or of a new import.

    ``again`` starts it from the beginning. Input without a ``fingerprint``, such as a request's body, is always new.
    """
    with open_write_transaction(engine) as session:
        row = None if fingerprint is None else lookups.find_row(session, Import, format=format, fingerprint=fingerprint)
        if row is None:
            now = dt.datetime.now(dt.UTC)
            row = Import(
                format=format, fingerprint=fingerprint, name=name, author=author, state=ImportState.RUNNING, lines=0,
                outcomes={}, reasons={}, began_at=now, changed_at=now,
            )  # fmt: skip
            session.add(row)
        elif again:
            row.state, row.lines, row.outcomes, row.reasons = ImportState.RUNNING, 0, {}, {}
            row.began_at = row.changed_at = dt.datetime.now(dt.UTC)
        session.flush()
        return _build_progress(row)


def resume(engine: Engine, ident: int) -> Progress:
    """Return the progress of the import with this id. Raise `NotFound`."""
    with open_read_transaction(engine) as session:
        row = lookups.find_row(session, Import, id=ident)
        if row is None:
            raise NotFound(f"There is no import {ident}.")
        return _build_progress(row)


def _build_progress(row: Import) -> Progress:
    assert row.id is not None
    return Progress(row.id, ImportState(row.state), row.lines, Counts(Counter(row.outcomes), Counter(row.reasons)))
