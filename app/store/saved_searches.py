"""Saved searches as people write them. They are no part of the history; what their lists show changes with them."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlmodel import Session

from app.core.errors import Conflict, InUse, Invalid, NotFound
from app.core.spans import slugify
from app.core.vocab import Noun
from app.database.models import SavedSearch
from app.queries import lookups, saved_searches
from app.queries.saved_searches import SavedQuery
from app.schemas.saved_search import SHOWING, SavedSearchCreate, SavedSearchUpdate
from app.store import revisions
from app.store.references import Ref

_LONGEST = 4000


def find(session: Session, ref: Ref) -> SavedSearch:
    """The saved search; raises NotFound."""
    search = lookups.find_row(session, SavedSearch, **{"id" if isinstance(ref, int) else "slug": ref})
    if search is None:
        raise NotFound(f"There is no saved search {ref}.")
    return search


def add(session: Session, body: SavedSearchCreate) -> SavedSearch:
    """Save a search. Raises Invalid for filters that its list does not take, Conflict where its slug is taken."""
    if body.slug is not None:
        _check_free(session, body.slug)
    search = SavedSearch(
        slug=body.slug or _free_slug(session, body.name),
        name=body.name,
        noun=body.noun,
        query=_query(body.noun, body) or "",
        created_at=dt.datetime.now(dt.UTC),
    )
    session.add(search)
    session.flush()
    return search


def change(session: Session, search: SavedSearch, body: SavedSearchUpdate) -> SavedSearch:
    """Change what the body names; raises what ``add`` does."""
    values = body.model_dump(exclude_unset=True, exclude={"query", "filters"})
    if values.get("slug", search.slug) != search.slug:
        _check_free(session, values["slug"])
    noun = values.get("noun", search.noun)
    query = _query(noun, body)
    if query is None:  # those that it had, which another noun's list need not take
        query = _canonical(noun, dict(parse_qsl(search.query, keep_blank_values=True)), "noun")
    values["query"] = query
    for name, value in values.items():
        setattr(search, name, value)
    revisions.draw(session)
    session.flush()
    return search


def delete(session: Session, search: SavedSearch) -> None:
    """Forget a search; raises InUse while webhooks send what it finds."""
    webhooks = saved_searches.list_webhook_ids(session, search)
    if webhooks:
        listed = ", ".join(map(str, webhooks[:10]))
        raise InUse(f"Webhooks send what it finds: {listed}.", webhooks=list(webhooks[:10]))
    revisions.draw(session)
    session.delete(search)


def _query(noun: Noun, body: SavedSearchCreate | SavedSearchUpdate) -> str | None:
    """The filters that a body has, if any, as they are kept."""
    if body.query is not None and body.filters is not None:
        raise Invalid("filters", "give query or filters, not both")
    if body.filters is not None:
        return _canonical(noun, body.filters, "filters")
    if body.query is None:
        return None
    pairs = parse_qsl(body.query.removeprefix("?"), keep_blank_values=True)
    name, times = Counter(name for name, _ in pairs).most_common(1)[0] if pairs else ("", 1)
    if times > 1:
        raise Invalid(("query", name), "given more than once; a comma means OR")
    return _canonical(noun, dict(pairs), "query")


def _canonical(noun: Noun, filters: Mapping[str, str], field: str) -> str:
    """The filters by name, as in the list's address; raises Invalid for those that the list does not take."""
    known = saved_searches.get_parameter_names(noun) - SHOWING
    for name in filters:
        if name not in known:
            others = ", ".join(sorted(known))
            raise Invalid((field, name), f"there is no such filter of {noun}; those there are: {others}")
    query = urlencode(sorted(filters.items()), safe=",:/")
    if len(query) > _LONGEST:
        raise Invalid(field, f"longer than {_LONGEST} signs")
    try:
        saved_searches.build_filters(SavedQuery(noun, query), {})
    except Invalid as error:
        told: list[dict[str, Any]] = error.extensions["errors"]
        errors = [{**each, "field": f"{field}.{each['field']}"} for each in told]
        raise Invalid(errors[0]["field"], errors[0]["detail"], errors=errors) from None
    return query


def _check_free(session: Session, slug: str) -> None:
    there = lookups.find_row(session, SavedSearch, slug=slug)
    if there is not None:
        raise Conflict(f"There is already a saved search {slug}.", id=there.id)


def _free_slug(session: Session, name: str) -> str:
    stem, number = slugify(name), 1
    slug = stem
    while lookups.find_row(session, SavedSearch, slug=slug) is not None:
        number += 1
        slug = f"{stem[:70].rstrip('-')}-{number}"
    return slug
