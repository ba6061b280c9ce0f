"""Files to import: in which format they are, how far they have been read, and what of them was refused.

A file that was begun is gone on with after its last committed record; one that is finished is not read again.
"""

import gc
import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

import orjson
from sqlalchemy import Engine

from app.core.errors import BadRequest
from app.core.vocab import ImportState, Outcome
from app.database.engine import open_write_transaction
from app.imports import lines, progress
from app.imports.acled import Acled
from app.imports.gdelt import Events, Mentions
from app.imports.gdelt_lines import EVENT_COLUMNS, MENTION_COLUMNS
from app.imports.importer import Format, Numbered, Reject
from app.imports.progress import Progress
from app.store.bulk.transaction import AUTHOR

# What is longer is broken in two, and no memory is filled by a file without line ends.
_LONGEST_LINE = 1 << 26

_DAMAGE = (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError)


class Lines(Format):
    """Dateline's own JSON lines."""

    name = lines.FORMAT
    batch_size = lines.BATCH

    def load(
        self, engine: Engine, done: Progress, records: Sequence[Numbered], *, message: str, reject: Reject
    ) -> None:
        filled = [(number, record) for number, record in records if record.strip()]
        results = lines.commit(engine, done, filled, records[-1][0], author=AUTHOR, message=message)
        for (number, record), result in zip(filled, results, strict=True):
            if result.outcome is Outcome.REJECTED:
                reject(number, record, ": ".join(filter(None, (result.field, result.detail))))


FORMATS: dict[str, type[Format]] = {each.name: each for each in (Events, Mentions, Acled, Lines)}
"""The formats that are read in batches."""

STORE = "store"
"""The format of an export of a whole store, which ``jsonl.py`` reads."""


@dataclass(frozen=True)
class Source:
    """A file to import: where it is, what to call it, and where what is refused of it goes."""

    path: Path
    name: str
    rejects: Path

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    @contextmanager
    def lines(self) -> Iterator[tuple[Iterator[bytes], BinaryIO]]:
        """The lines of the file, unpacked where it is packed, and the file, whose position tells how far they are.

        Raises BadRequest where it cannot be unpacked.
        """
        try:
            with self.path.open("rb") as file, _unpacked(file) as content:
                yield iter(lambda: content.readline(_LONGEST_LINE), b""), file
        except _DAMAGE as error:
            raise BadRequest(f"{self.name} is damaged: {error}") from error

    def format(self) -> str:
        """The format by name and content; raises BadRequest where neither tells."""
        with self.lines() as (lines, _):
            return recognized(self.name, next(lines, b""))

    def fingerprint(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def recognized(name: str, line: bytes) -> str:
    """The format of a file with this name and first line; raises BadRequest where neither tells."""
    if line.startswith((b'{"dateline"', b'{"table"')):
        return STORE
    if line.lstrip().startswith(b"{"):
        return Lines.name
    if b"event_id_cnty" in line.lower():
        return Acled.name
    for part, number, each in ((".export.", EVENT_COLUMNS, Events), (".mentions.", MENTION_COLUMNS, Mentions)):
        if part in name.lower() or line.count(b"\t") == number - 1:
            return each.name
    raise BadRequest(f"The format of {name} is not known; name it with --format.")


@contextmanager
def _unpacked(file: BinaryIO) -> Iterator[BinaryIO]:
    magic = file.read(4)
    file.seek(0)
    if magic == b"PK\3\4":
        with zipfile.ZipFile(file) as archive, archive.open(_member(archive)) as content:
            yield cast(BinaryIO, content)
    elif magic.startswith(b"\x1f\x8b"):
        with gzip.open(file) as content:
            yield cast(BinaryIO, content)
    else:
        yield file


def _member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise BadRequest(f"{archive.filename or 'The archive'} holds {len(members)} files, not one.")
    return members[0]


def begin(engine: Engine, source: Source, *, format: str, again: bool = False) -> Progress:
    """What is known of the import of this file: nothing yet, a beginning, or that it is finished, unless ``again``."""
    return progress.begin(
        engine, format=format, name=source.name, author=AUTHOR, fingerprint=source.fingerprint(), again=again
    )


def read(
    engine: Engine, source: Source, done: Progress, *, format: str, batch_size: int | None = None
) -> Iterator[int]:
    """Put the rest of the file into the store, batch by batch; yields how many of its bytes have been read."""
    reader = FORMATS[format]()
    with source.lines() as (lines, file), Rejects(source, done.lines) as reject:
        records = islice(enumerate(reader.records(lines), start=1), done.lines, None)
        while batch := list(islice(records, batch_size or reader.batch_size)):
            with _uncollected():
                reader.load(engine, done, batch, message=f"Import of {source.name}", reject=reject)
            yield file.tell()
    with open_write_transaction(engine) as session:
        done.save(session.connection(), state=ImportState.FINISHED)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the garbage collector from walking the rows of a batch again and again: they hold no cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Rejects:
    """The records of a file that were refused, and why: JSON lines, each with the record as it stood in the file.

    They are written before their batch is committed; those of a batch that never was are dropped at the start.
    """

    def __init__(self, source: Source, committed: int) -> None:
        self._name, self._path = source.name, source.rejects
        self._file: BinaryIO | None = None
        if self._path.exists():
            self._drop_after(committed)

    def _drop_after(self, committed: int) -> None:
        entries = [entry for entry in self._path.read_bytes().splitlines(keepends=True) if entry.endswith(b"\n")]
        kept = [entry for entry in entries if not self._is_after(committed, entry)]
        if kept:
            self._path.write_bytes(b"".join(kept))
        else:
            self._path.unlink()

    def _is_after(self, committed: int, line: bytes) -> bool:
        try:
            entry = orjson.loads(line)
            return bool(entry["file"] == self._name and entry["line"] > committed)
        except (ValueError, KeyError, TypeError):
            raise BadRequest(f"{self._path} holds something else than refused records; move it away.") from None

    def __call__(self, number: int, record: bytes, reason: str) -> None:
        text = record.decode(errors="backslashreplace").rstrip("\r\n")
        entry = {"file": self._name, "line": number, "reason": reason, "record": text}
        self._file = self._file or self._path.open("ab", buffering=0)
        self._file.write(orjson.dumps(entry) + b"\n")

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
