"""Imports over the network: the body is inflated, split into lines, and committed while the rest arrives."""

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

# Largest size of a batch of lines, whatever their number.
_BATCH_BYTES = 4_000_000

# Bytes inflated at a time, so that a small piece cannot fill the memory.
_STEP = 65_536


class Inflater:
    """The content of a body in pieces, gzipped (RFC 1952) or not, up to ``limit`` bytes."""

    def __init__(self, *, gzipped: bool, limit: int) -> None:
        self._decompressor = zlib.decompressobj(wbits=31) if gzipped else None
        self._limit = limit
        self._length = 0

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the content of a piece. Raise `TooLarge` beyond the limit, `BadRequest` for invalid gzip."""
        for part in self._inflate_piece(piece):
            self._length += len(part)
            if self._length > self._limit:
                raise TooLarge(f"An import may have {self._limit} bytes at most, inflated.")
            yield part

    def finish(self) -> None:
        """Raise `BadRequest` if the end is missing."""
        if self._decompressor is not None and not self._decompressor.eof:
            raise BadRequest("The gzip data is cut short.")

    def _inflate_piece(self, piece: bytes) -> Iterator[bytes]:
        if self._decompressor is None:
            yield from (piece[start : start + _STEP] for start in range(0, len(piece), _STEP))
            return
        while piece:
            if self._decompressor.eof:  # another member follows
                self._decompressor = zlib.decompressobj(wbits=31)
            try:
                yield self._decompressor.decompress(piece, _STEP)
            except zlib.error:
                raise BadRequest("The body is not valid gzip.") from None
            piece = self._decompressor.unconsumed_tail or self._decompressor.unused_data


class Intake:
    """One import over the network. Not safe for two threads at once."""

    def __init__(
        self, engine: Engine, *, author: str, message: str, body: Inflater, longest: int, resumed: Progress | None
    ) -> None:
        """Begin an import, or continue the one that was ``resumed``; a line may have ``longest`` bytes."""
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
        """Add a piece of the body, and commit full batches.

        Raise `TooLarge`, `BadRequest`, or an error of the transaction: then the import must be broken off.
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
        record = self._get_or_begin()
        with open_write_transaction(self._engine) as session:
            record.save(session.connection(), state=ImportState.FINISHED)

    def break_off(self) -> tuple[int, int] | None:
        """Record that the import ends early. Return its id and the number of committed lines, if it was begun."""
        if self._progress is None:
            return None
        # If the store is busy, the record stays as it is.
        with suppress(DatelineError):
            self._progress = progress.resume(self._engine, self._progress.id)
            with open_write_transaction(self._engine) as session:
                self._progress.save(session.connection(), state=ImportState.BROKEN_OFF)
        return self._progress.id, self._progress.lines

    def drain(self) -> list[Result]:
        """Return the results of the lines committed since the last call."""
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
            self._engine, self._get_or_begin(), batch, self._upto, author=self._author, message=self._message
        )

    def _get_or_begin(self) -> Progress:
        if self._progress is None:
            self._progress = progress.begin(self._engine, format=lines.FORMAT, name=self._message, author=self._author)
        return self._progress


def get_resumable(engine: Engine, ident: int) -> Progress:
    """Return the progress of an unfinished import over the network. Raise `Invalid` for ``resume`` if there is none."""
    with open_read_transaction(engine) as session:
        row = lookups.find_row(session, Import, id=ident)
    if row is None or row.format != lines.FORMAT or row.fingerprint is not None:
        raise Invalid("resume", f"there is no import {ident} that was begun here")
    if row.state == ImportState.FINISHED:
        raise Invalid("resume", f"import {ident} is finished")
    return progress.resume(engine, ident)
