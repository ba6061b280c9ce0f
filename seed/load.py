"""Load the seed through the functions that write all other records; existing records stay as they are."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError
from sqlalchemy import Engine

from app.core.errors import DatelineError
from app.database.models import Attribution, Claim, Event, Record, Report, Source, Speaker, Statement, Utterance
from app.schemas.common import Input
from app.schemas.document import DocumentCreate
from app.schemas.event import EventCreate
from app.schemas.source import SourceCreate
from app.schemas.speaker import SpeakerCreate
from app.schemas.utterance import UtteranceCreate
from app.store import records, revisions, sources_and_speakers
from app.store.fields import find, hash_text
from app.store.revisions import WriteSession

HERE = Path(__file__).parent

B = TypeVar("B", bound=Input)

# BaseLoader leaves every value a text: NO does not become false, and 2024-06-19 no Python date. The loader in C, which
# not every build of PyYAML has, takes an eighth of the time.
_LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)

Loaded = dict[str, Counter[str]]
"""The numbers of ``new`` rows and of ``existing`` records, by table."""


class SeedError(Exception):
    """An error in a seed file; the message names the file and the field."""


def load(engine: Engine, folder: Path = HERE) -> Loaded:
    """Load all of the seed in one transaction."""
    loaded: Loaded = {}
    with revisions.write(engine, author="dateline seed", message="Load the five seed documents") as session:
        _load_file(session, loaded, folder / "sources.yaml", Source, SourceCreate, sources_and_speakers.add_source)
        _load_file(session, loaded, folder / "speakers.yaml", Speaker, SpeakerCreate, sources_and_speakers.add_speaker)
        _load_file(session, loaded, folder / "events.yaml", Event, EventCreate, records.add_event)
        _load_file(session, loaded, folder / "utterances.yaml", Utterance, UtteranceCreate, records.add_utterance)
        for path in sorted((folder / "documents").glob("*.yaml")):
            _load_document(session, loaded, path)
    return loaded


def _load_file(
    session: WriteSession,
    loaded: Loaded,
    path: Path,
    model: type[Record],
    shape: type[B],
    add: Callable[[WriteSession, B], object],
) -> None:
    counts = loaded.setdefault(model.__name__.lower(), Counter())
    for number, entry in enumerate(_read(path), start=1):
        key = entry.get("slug") or entry.get("external_id")
        with _explain_errors(path, f"entry {number}"):
            body = shape.model_validate(entry)
            if find(session, model, key) is None:
                add(session, body)
                counts["new"] += 1
            else:
                counts["existing"] += 1


def _load_document(session: WriteSession, loaded: Loaded, path: Path) -> None:
    entry = _read(path)
    text = path.with_name(entry.pop("file")).read_bytes().decode()
    if hash_text(text) != entry.pop("sha256"):
        raise SeedError(f"{path.name}: the text has changed, its SHA-256 is now {hash_text(text)}")
    with _explain_errors(path, "document"):
        body = DocumentCreate.model_validate(entry | {"text": text})
        state = "new" if session.has_written(records.put_document(session, body)) else "existing"
    for name, count in _count_rows(body):
        loaded.setdefault(name, Counter())[state] += count


def _count_rows(body: DocumentCreate) -> Iterator[tuple[str, int]]:
    """Yield the numbers of a document's rows by table."""
    yield "document", 1
    yield Report.__name__.lower(), len(body.reports)
    yield Claim.__name__.lower(), sum(len(report.claims) for report in body.reports)
    yield Statement.__name__.lower(), len(body.statements)
    yield Attribution.__name__.lower(), sum(len(statement.chain) for statement in body.statements)


def _read(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)


@contextmanager
def _explain_errors(path: Path, entry: str) -> Iterator[None]:
    """Raise the errors of an entry as a SeedError that names its file."""
    try:
        yield
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"])
        raise SeedError(f"{path.name}, {entry}: {field}: {problem['msg']}") from error
    except DatelineError as error:
        raise SeedError(f"{path.name}, {entry}: {error.detail}") from error
