"""The outlet that a web address belongs to, by its host."""

from sqlmodel import Session

from app.core.sites import get_host, list_domains
from app.core.vocab import CodedBy, SourceKind
from app.database.models import Source
from app.queries import sources
from app.schemas.source import SourceCreate
from app.store import records as store

_NAME_LENGTH = 200


def get_or_add_source(session: Session, url: str, *, name: str | None) -> Source:
    """The source that has the host of ``url``, or the longest end of it, as a domain.

    Else it is added under ``name``, as its pages call it; under its host where another source bears that name.
    """
    host = get_host(url)
    return sources.find_by_domain(session, list_domains(host)) or _add(session, host, name)


def _add(session: Session, host: str, name: str | None) -> Source:
    """A source that nobody has looked at yet, known by its host from now on."""
    body = SourceCreate(
        name=(host if name is None or sources.is_name_taken(session, name) else name)[:_NAME_LENGTH],
        kind=SourceKind.ONLINE,
        homepage=f"https://{host}/",
        aliases=[host] if len(host) <= _NAME_LENGTH else [],
        coded_by=CodedBy.MACHINE,
    )
    return store.add_source(session, body)
