"""Which source has a host as its domain."""

from collections.abc import Sequence

from sqlalchemy import or_, select, union_all
from sqlmodel import Session

from app.core.spans import like_literal, match_key
from app.core.urls import domain
from app.database.models import Source
from app.database.tables import NOW


def source(session: Session, domains: Sequence[str]) -> Source | None:
    """The source that has the first of the domains that any has: as another name, or as that of its homepage.

    Of several the oldest.
    """
    by_domain = _by_homepage(session, domains) | _by_alias(session, domains)
    return next((by_domain[each] for each in domains if each in by_domain), None)


def is_taken(session: Session, name: str) -> bool:
    """Whether a source bears the name, or has it as another."""
    source, alias, key = NOW.source, NOW.source_alias, match_key(name)
    names = union_all(
        select(source.id).where(source.name_key == key), select(alias.source_id).where(alias.name_key == key)
    )
    return session.execute(names.limit(1)).first() is not None


def _by_alias(session: Session, domains: Sequence[str]) -> dict[str, Source]:
    source, alias = NOW.source, NOW.source_alias
    found = select(alias.name_key, source).join(source, source.id == alias.source_id)
    rows = session.execute(found.where(alias.name_key.in_(domains)).order_by(source.id.desc()))
    return {row[0]: row[1] for row in rows}


def _by_homepage(session: Session, domains: Sequence[str]) -> dict[str, Source]:
    source = NOW.source
    patterns = [f"%://{www}{like_literal(each)}{end}" for each in domains for www in ("", "www.") for end in ("", "/%")]
    at = or_(*(source.homepage.like(pattern, escape="\\") for pattern in patterns))
    rows = session.execute(select(source).where(at).order_by(source.id.desc())).scalars()
    return {domain(row.homepage): row for row in rows}
