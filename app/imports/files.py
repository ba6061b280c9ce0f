"""Files to import: their formats, the progress through them, and the records that were rejected.

An import that was begun continues after its last committed record; a finished file is not read again.
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

# A longer line is split, so a file without line ends cannot fill the memory.
_MAX_LINE = 1 << 26

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


FORMATS: dict[str, type[Format]] = {format.name: format for format in (Events, Mentions, Acled, Lines)}
"""The formats that are read in batches."""

STORE = "store"
"""The format of an export of a whole store, which ``export.py`` reads."""


@dataclass(frozen=True)
class Source:
    """A file to import, the name to report it by, and the file for its rejected records."""

    path: Path
    name: str
    rejects: Path

    @property
    def size(self) -> int:
        """The size of the file in bytes."""
        return self.path.stat().st_size

    @contextmanager
    def lines(self) -> Iterator[tuple[Iterator[bytes], BinaryIO]]:
        """Open the lines of the file, unpacked if it is packed, and the file, whose position shows the progress.

        Raise `BadRequest` if it cannot be unpacked.
        """
        try:
            with self.path.open("rb") as file, _unpack(file) as content:
                yield iter(lambda: content.readline(_MAX_LINE), b""), file
        except _DAMAGE as error:
            raise BadRequest(f"{self.name} is damaged: {error}") from error

    def detect_format(self) -> str:
        """Return the format by name and first line. Raise `BadRequest` if it is unknown."""
        with self.lines() as (lines, _):
            return detect_format(self.name, next(lines, b""))

    def hash(self) -> str:
        """Return the SHA-256 of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def detect_format(name: str, line: bytes) -> str:
    """Return the format of a file with this name and first line. Raise `BadRequest` if it is unknown."""
    if line.startswith((b'{"dateline"', b'{"table"')):
        return STORE
    if line.lstrip().startswith(b"{"):
        return Lines.name
    if b"event_id_cnty" in line.lower():
        return Acled.name
    for part, number, format in ((".export.", EVENT_COLUMNS, Events), (".mentions.", MENTION_COLUMNS, Mentions)):
        if part in name.lower() or line.count(b"\t") == number - 1:
            return format.name
    raise BadRequest(f"The format of {name} is not known; name it with --format.")


@contextmanager
def _unpack(file: BinaryIO) -> Iterator[BinaryIO]:
    magic = file.read(4)
    file.seek(0)
    if magic == b"PK\3\4":
        with zipfile.ZipFile(file) as archive, archive.open(_get_only_member(archive)) as content:
            yield cast(BinaryIO, content)
    elif magic.startswith(b"\x1f\x8b"):
        with gzip.open(file) as content:
            yield cast(BinaryIO, content)
    else:
        yield file


def _get_only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise BadRequest(f"{archive.filename or 'The archive'} holds {len(members)} files, not one.")
    return members[0]


def begin(engine: Engine, source: Source, *, format: str, again: bool = False) -> Progress:
    """Return the progress of the import of this file, from the start if it is new or to be read ``again``."""
    return progress.begin(
        engine, format=format, name=source.name, author=AUTHOR, fingerprint=source.hash(), again=again
    )


def read(
    engine: Engine, source: Source, done: Progress, *, format: str, batch_size: int | None = None
) -> Iterator[int]:
    """Load the rest of the file, batch by batch. Yield how many of its bytes have been read."""
    reader = FORMATS[format]()
    with source.lines() as (lines, file), Rejects(source, done.lines) as reject:
        records = islice(enumerate(reader.records(lines), start=1), done.lines, None)
        while batch := list(islice(records, batch_size or reader.batch_size)):
            with _pause_garbage_collection():
                reader.load(engine, done, batch, message=f"Import of {source.name}", reject=reject)
            yield file.tell()
    with open_write_transaction(engine) as session:
        done.save(session.connection(), state=ImportState.FINISHED)


@contextmanager
def _pause_garbage_collection() -> Iterator[None]:
    """Keep the garbage collector from scanning the rows of a batch again and again: they hold no cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class Rejects:
    """The rejected records of a file with the reasons, as JSON lines.

    They are written before their batch is committed; those of a batch that was never committed are dropped at the
    start.
    """

    def __init__(self, source: Source, committed: int) -> None:
        self._name, self._path = source.name, source.rejects
        self._file: BinaryIO | None = None
        if self._path.exists():
            self._drop_after(committed)

    def _drop_after(self, committed: int) -> None:
        entries = [entry for entry in self._path.read_bytes().splitlines(keepends=True) if entry.endswith(b"\n")]
        committed_entries = [entry for entry in entries if not self._is_after(committed, entry)]
        if committed_entries:
            self._path.write_bytes(b"".join(committed_entries))
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
