"""Outlets of an import, found among the sources by domain or name, or added to them."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection

from app.core.spans import SLUG_LENGTH, make_match_key, slugify
from app.core.vocab import CodedBy
from app.database.models import Source, SourceAlias
from app.store.bulk import rows
from app.store.bulk.batch import Outlet
from app.store.bulk.transaction import Transaction
from app.store.derived import counts

NAME_LENGTH = 200


def put_sources(transaction: Transaction, outlets: Mapping[str, Outlet]) -> dict[str, int]:
    """Add the sources that the store does not have; return the id of each outlet's source, by the outlet's key.

    A source is found by its name, an alias or domain, the domain of its homepage, or its slug.
    """
    missing, ids = dict(outlets), dict[str, int]()
    for search in (_by_name, _by_homepage, _by_slug):
        ids |= search(transaction.connection, missing)
        missing = {key: outlet for key, outlet in missing.items() if key not in ids}
        if not missing:
            return ids
    return ids | _add(transaction, missing)


def _by_name(connection: Connection, outlets: Mapping[str, Outlet]) -> dict[str, int]:
    pairs = [(row["name_key"], row["id"]) for row in rows.find(connection, Source, "name_key", outlets.keys())]
    for row in rows.find(connection, SourceAlias, "name_key", outlets.keys()):
        pairs.append((row["name_key"], row["source_id"]))
    return _keep_oldest(pairs)


def _by_homepage(connection: Connection, outlets: Mapping[str, Outlet]) -> dict[str, int]:
    pages = {page: key for key, outlet in outlets.items() for page in _list_homepages(outlet.domain)}
    sources = rows.find(connection, Source, "homepage", pages.keys())
    return _keep_oldest((pages[row["homepage"]], row["id"]) for row in sources)


def _list_homepages(domain: str | None) -> list[str]:
    """Return the ways to write the address of a domain's front page."""
    if domain is None:
        return []
    hosts = [f"{scheme}://{www}{domain}" for scheme in ("https", "http") for www in ("", "www.")]
    return [*hosts, *(f"{host}/" for host in hosts)]


def _by_slug(connection: Connection, outlets: Mapping[str, Outlet]) -> dict[str, int]:
    slugs = {slugify(outlet.name): key for key, outlet in outlets.items()}
    sources = rows.find(connection, Source, "slug", slugs.keys())
    # A source that an import added has its domain as an alias; the slug of a-b.example is also that of a.b.example.
    return {slugs[row["slug"]]: row["id"] for row in sources if row["coded_by"] != CodedBy.IMPORT}


def _keep_oldest(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return the lowest id of each key."""
    return dict(sorted(pairs, key=lambda pair: pair[1], reverse=True))


def _add(transaction: Transaction, outlets: Mapping[str, Outlet]) -> dict[str, int]:
    slugs = _choose_slugs(transaction.connection, outlets)
    columns = ("slug", "name", "name_key", "kind", "homepage")
    values = []
    for key, outlet in outlets.items():
        name = outlet.name[:NAME_LENGTH]
        homepage = None if outlet.domain is None else f"https://{outlet.domain}/"
        values.append((slugs[key], name, make_match_key(name), outlet.kind.value, homepage))
    ids = dict(zip(outlets, transaction.insert(Source, columns, values), strict=True))
    aliases = [(ids[key], outlet.domain, key) for key, outlet in outlets.items() if outlet.domain]
    transaction.insert(SourceAlias, ("source_id", "name", "name_key"), aliases)
    counts.refresh_for_names(transaction.connection, (name_key for _, _, name_key, _, _ in values))
    return ids


def _choose_slugs(connection: Connection, outlets: Mapping[str, Outlet]) -> dict[str, str]:
    preferred = {key: slugify(outlet.name) for key, outlet in outlets.items()}
    taken = {row["slug"] for row in rows.find(connection, Source, "slug", set(preferred.values()))}
    slugs: dict[str, str] = {}
    for key, slug in preferred.items():
        number, stem = 1, slug[: SLUG_LENGTH - 10].rstrip("-")
        while slug in taken:
            number += 1
            slug = f"{stem}-{number}"
            taken.update(row["slug"] for row in rows.find(connection, Source, "slug", [slug]))
        taken.add(slug)
        slugs[key] = slug
    return slugs
