"""Sources and speakers: records with a slug, a name and other names."""

from collections.abc import Iterable
from typing import TypeVar

from app.core.sites import get_host, list_domains
from app.core.spans import make_match_key
from app.core.vocab import CodedBy, SourceKind
from app.database.models import Source, SourceAlias, Speaker, SpeakerAlias
from app.queries import lookups, sources
from app.schemas.source import SourceCreate, SourceUpdate
from app.schemas.speaker import SpeakerCreate, SpeakerUpdate
from app.store.fields import body_values, build_free_slug, check_free, column_values, set_columns, update_values
from app.store.revisions import WriteSession

N = TypeVar("N", Source, Speaker)

_NAME_LENGTH = 200


def add_source(session: WriteSession, body: SourceCreate) -> Source:
    """Add a source; raise Conflict if its slug is taken."""
    return _add(session, Source, body)


def add_speaker(session: WriteSession, body: SpeakerCreate) -> Speaker:
    """Add a speaker; raise Conflict if its slug is taken."""
    return _add(session, Speaker, body)


def update_source(session: WriteSession, row: Source, body: SourceUpdate) -> Source:
    """Change the fields that the body sets; raise Conflict if its slug is taken."""
    return _update(session, row, body)


def update_speaker(session: WriteSession, row: Speaker, body: SpeakerUpdate) -> Speaker:
    """Change the fields that the body sets; raise Conflict if its slug is taken."""
    return _update(session, row, body)


def get_or_add_source(session: WriteSession, url: str, *, name: str | None) -> Source:
    """Return the source that has the host of ``url``, or the longest end of it, as a domain.

    If there is none, add it under ``name``, as its pages call it, or under its host if that name is taken.
    """
    host = get_host(url)
    source = sources.find_by_domain(session, list_domains(host))
    if source is not None:
        return source
    body = SourceCreate(
        name=(host if name is None or sources.is_name_taken(session, name) else name)[:_NAME_LENGTH],
        kind=SourceKind.ONLINE,
        homepage=f"https://{host}/",
        aliases=[host] if len(host) <= _NAME_LENGTH else [],
        coded_by=CodedBy.MACHINE,  # no person has looked at it yet
    )
    return add_source(session, body)


def list_aliases(session: WriteSession, row: Source | Speaker) -> list[SourceAlias | SpeakerAlias]:
    """Return the rows of the record's other names, the oldest first."""
    if isinstance(row, Source):
        return list(lookups.list_rows(session, SourceAlias, source_id=row.id))
    return list(lookups.list_rows(session, SpeakerAlias, speaker_id=row.id))


def key_aliases(names: Iterable[str]) -> dict[str, str]:
    """Return the names by match key; of those that differ only in case or spacing, the first."""
    return {make_match_key(name): name for name in reversed(list(names))}


def _add(session: WriteSession, model: type[N], body: SourceCreate | SpeakerCreate) -> N:
    values = body_values(body)
    if body.slug is not None:
        check_free(session, model, slug=body.slug)
    else:
        values["slug"] = build_free_slug(session, model, body.name)
    row = model(**column_values(session, model, values))
    session.add(row)
    session.flush()
    _set_aliases(session, row, body.aliases)
    return row


def _update(session: WriteSession, row: N, body: SourceUpdate | SpeakerUpdate) -> N:
    if body.slug != row.slug:
        check_free(session, type(row), slug=body.slug)
    set_columns(row, column_values(session, type(row), update_values(row, body)))
    if "aliases" in body.model_fields_set:
        _set_aliases(session, row, body.aliases)
    return row


def _set_aliases(session: WriteSession, row: Source | Speaker, names: Iterable[str]) -> None:
    """Make ``names`` the record's aliases; those that it has already keep their rows."""
    missing = key_aliases(names)
    for alias in list_aliases(session, row):
        if missing.get(alias.name_key) == alias.name:
            del missing[alias.name_key]
        else:
            session.delete(alias)
    session.flush()
    for key, name in reversed(missing.items()):
        if isinstance(row, Source):
            session.add(SourceAlias(source_id=row.id, name=name, name_key=key))  # type: ignore[arg-type]
        else:
            session.add(SpeakerAlias(speaker_id=row.id, name=name, name_key=key))  # type: ignore[arg-type]
        session.flush()
