"""Lines that come in piece by piece, over the network: inflated, told apart, committed while the rest is under way."""

import zlib
from collections.abc import Iterator
from contextlib import suppress

from sqlalchemy import Engine

from app.core.errors import BadRequest, DatelineError, Invalid, TooLarge
from app.core.vocab import ImportState
from app.database.engine import open_read_transaction, open_write_transaction
from app.database.models import Import
from app.imports import lines, progress
from app.imports.lines import Result
from app.imports.progress import Progress
from app.queries import lookups

# Bytes of lines that are committed together, however few lines they are.
_BATCH_BYTES = 4_000_000

# Bytes that are inflated in one go: what a small piece can blow up to is never held whole.
_STEP = 65_536


class Inflated:
    """What pieces of gzip (RFC 1952) hold, or the pieces themselves; ``limit`` bytes of it at most."""

    def __init__(self, *, gzipped: bool, limit: int) -> None:
        self._inflate = zlib.decompressobj(wbits=31) if gzipped else None
        self._limit = limit
        self._length = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Raises TooLarge beyond the limit, BadRequest for what is no gzip."""
        for part in self._parts(piece):
            self._length += len(part)
            if self._length > self._limit:
                raise TooLarge(f"An import may have {self._limit} bytes at most, inflated.")
            yield part

    def finish(self) -> None:
        """Raises BadRequest where the end is missing."""
        if self._inflate is not None and not self._inflate.eof:
            raise BadRequest("The gzip data is cut short.")

    def _parts(self, piece: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            yield from (piece[start : start + _STEP] for start in range(0, len(piece), _STEP))
            return
        while piece:
            if self._inflate.eof:  # another member follows
                self._inflate = zlib.decompressobj(wbits=31)
            try:
                yield self._inflate.decompress(piece, _STEP)
            except zlib.error:
                raise BadRequest("The body is not valid gzip.") from None
            piece = self._inflate.unconsumed_tail or self._inflate.unused_data


class Intake:
    """One import over the network. Not safe for two threads at once."""

    def __init__(
        self, engine: Engine, *, author: str, message: str, body: Inflated, longest: int, resumed: Progress | None
    ) -> None:
        """``longest`` is the number of bytes that one line may have."""
        self._engine = engine
        self._author = author
        self._message = message
        self._body = body
        self._longest = longest
        self._progress = resumed
        self._upto = resumed.lines if resumed else 0
        self._rest = b""
        self._batch: list[tuple[int, bytes]] = []
        self._size = 0
        self._results: list[Result] = []

    @property
    def id(self) -> int | None:
        """The id of the import's record, from its first batch on."""
        return self._progress.id if self._progress else None

    def feed(self, piece: bytes) -> None:
        """Take in a piece of the body; commit what makes whole batches.

        Raises TooLarge, BadRequest, or what a transaction can fail with: then the import has to be broken off.
        """
        for part in self._body.feed(piece):
            *whole, self._rest = (self._rest + part).split(b"\n")
            for line in whole:
                self._add(line)
            self._check_length(self._rest, self._upto + 1)

    def finish(self) -> None:
        """Commit the last lines."""
        self._body.finish()
        if self._rest:
            self._add(self._rest)
        self._commit()
        here = self._begun()
        with open_write_transaction(self._engine) as session:
            here.save(session.connection(), state=ImportState.FINISHED)

    def break_off(self) -> tuple[int, int] | None:
        """Record that no more will come; the import's id and the lines that are committed, if any were begun."""
        if self._progress is None:
            return None
        # What failed may have failed because the store is busy: then the record just stays as it is.
        with suppress(DatelineError):
            self._progress = progress.resume(self._engine, self._progress.id)
            with open_write_transaction(self._engine) as session:
                self._progress.save(session.connection(), state=ImportState.BROKEN_OFF)
        return self._progress.id, self._progress.lines

    def drain(self) -> list[Result]:
        """What became of the lines committed since the last time."""
        results, self._results = self._results, []
        return results

    def _add(self, line: bytes) -> None:
        self._upto += 1
        self._check_length(line, self._upto)
        if line.strip():
            self._batch.append((self._upto, line))
            self._size += len(line)
        if len(self._batch) == lines.BATCH or self._size > _BATCH_BYTES:
            self._commit()

    def _check_length(self, line: bytes, number: int) -> None:
        if len(line) > self._longest:
            raise TooLarge(f"Line {number} is longer than the {self._longest} bytes that a line may have.")

    def _commit(self) -> None:
        batch, self._batch, self._size = self._batch, [], 0
        self._results += lines.commit(
            self._engine, self._begun(), batch, self._upto, author=self._author, message=self._message
        )

    def _begun(self) -> Progress:
        if self._progress is None:
            self._progress = progress.begin(self._engine, format=lines.FORMAT, name=self._message, author=self._author)
        return self._progress


def resumed(engine: Engine, ident: int) -> Progress:
    """An import over the network that is to go on; raises Invalid, naming ``resume``, where there is none."""
    with open_read_transaction(engine) as session:
        row = lookups.find_row(session, Import, id=ident)
    if row is None or row.format != lines.FORMAT or row.fingerprint is not None:
        raise Invalid("resume", f"there is no import {ident} that was begun here")
    if row.state == ImportState.FINISHED:
        raise Invalid("resume", f"import {ident} is finished")
    return progress.resume(engine, ident)
