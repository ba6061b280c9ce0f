"""Outlets that an import knows by a domain or by a name, and the sources that they are."""

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


def put(transaction: Transaction, outlets: Mapping[str, Outlet]) -> dict[str, int]:
    """The id of each outlet's source, by its key; those that the store does not have are added.

    A source is known by its name, by another name or a domain of it, by the domain of its homepage, or by its slug.
    """
    missing, ids = dict(outlets), dict[str, int]()
    for search in (_by_name, _by_homepage, _by_slug):
        ids |= search(transaction.connection, missing)
        missing = {key: outlet for key, outlet in missing.items() if key not in ids}
        if not missing:
            return ids
    return ids | _add(transaction, missing)


def _by_name(connection: Connection, outlets: Mapping[str, Outlet]) -> dict[str, int]:
    named = [(row["name_key"], row["id"]) for row in rows.find(connection, Source, "name_key", outlets.keys())]
    aliases = rows.find(connection, SourceAlias, "name_key", outlets.keys())
    return _oldest([*named, *((row["name_key"], row["source_id"]) for row in aliases)])


def _by_homepage(connection: Connection, outlets: Mapping[str, Outlet]) -> dict[str, int]:
    pages = {page: key for key, outlet in outlets.items() for page in _homepages(outlet.domain)}
    found = rows.find(connection, Source, "homepage", pages.keys())
    return _oldest((pages[row["homepage"]], row["id"]) for row in found)


def _homepages(domain: str | None) -> list[str]:
    """The ways to write the address of a domain's front page."""
    if domain is None:
        return []
    hosts = [f"{scheme}://{www}{domain}" for scheme in ("https", "http") for www in ("", "www.")]
    return [*hosts, *(f"{host}/" for host in hosts)]


def _by_slug(connection: Connection, outlets: Mapping[str, Outlet]) -> dict[str, int]:
    slugs = {slugify(outlet.name): key for key, outlet in outlets.items()}
    found = rows.find(connection, Source, "slug", slugs.keys())
    # What an import has added is known by its domain; the slug of a-b.example is also that of a.b.example.
    return {slugs[row["slug"]]: row["id"] for row in found if row["coded_by"] != CodedBy.IMPORT}


def _oldest(found: Iterable[tuple[str, int]]) -> dict[str, int]:
    return dict(sorted(found, key=lambda each: each[1], reverse=True))


def _add(transaction: Transaction, outlets: Mapping[str, Outlet]) -> dict[str, int]:
    slugs = _free_slugs(transaction.connection, outlets)
    columns = ("slug", "name", "name_key", "kind", "homepage")
    made = [(slugs[key], *_names(outlet), outlet.kind.value, _homepage(outlet)) for key, outlet in outlets.items()]
    ids = dict(zip(outlets, transaction.insert(Source, columns, made), strict=True))
    aliases = [(ids[key], outlet.domain, key) for key, outlet in outlets.items() if outlet.domain]
    transaction.insert(SourceAlias, ("source_id", "name", "name_key"), aliases)
    counts.refresh_for_names(transaction.connection, (_names(outlet)[1] for outlet in outlets.values()))
    return ids


def _names(outlet: Outlet) -> tuple[str, str]:
    name = outlet.name[:NAME_LENGTH]
    return name, make_match_key(name)


def _homepage(outlet: Outlet) -> str | None:
    return None if outlet.domain is None else f"https://{outlet.domain}/"


def _free_slugs(connection: Connection, outlets: Mapping[str, Outlet]) -> dict[str, str]:
    wanted = {key: slugify(outlet.name) for key, outlet in outlets.items()}
    taken = {row["slug"] for row in rows.find(connection, Source, "slug", set(wanted.values()))}
    slugs: dict[str, str] = {}
    for key, slug in wanted.items():
        number, stem = 1, slug[: SLUG_LENGTH - 10].rstrip("-")
        while slug in taken:
            number += 1
            slug = f"{stem}-{number}"
            taken.update(row["slug"] for row in rows.find(connection, Source, "slug", [slug]))
        taken.add(slug)
        slugs[key] = slug
    return slugs
