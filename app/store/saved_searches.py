"""Saved searches: no part of the history, but a change of one draws a revision, as the lists that it names change."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from sqlmodel import Session

from app.core.errors import InUse, Invalid
from app.core.vocab import Noun
from app.database.models import SavedSearch
from app.queries import saved_searches
from app.queries.saved_searches import SavedQuery
from app.schemas.saved_search import SHOWING, SavedSearchCreate, SavedSearchUpdate
from app.store.configured import add_configured, change_configured, check_unique, find_configured
from app.store.fields import Ref, build_free_slug
from app.store.revisions import WriteSession

_MAX_LENGTH = 4000


def find_search(session: Session, ref: Ref) -> SavedSearch:
    """Return the saved search with this id or slug; raise NotFound if there is none."""
    return find_configured(session, SavedSearch, "saved search", ref)


def add_search(session: Session, body: SavedSearchCreate) -> SavedSearch:
    """Save a search; raise Invalid for filters that its list does not take, Conflict if its slug is taken."""
    if body.slug is not None:
        _check_unique(session, body.slug)
    search = SavedSearch(
        slug=body.slug or build_free_slug(session, SavedSearch, body.name),
        name=body.name,
        noun=body.noun,
        query=_build_query(body.noun, body) or "",
        created_at=dt.datetime.now(dt.UTC),
    )
    return add_configured(session, search)


def change_search(session: WriteSession, search: SavedSearch, body: SavedSearchUpdate) -> SavedSearch:
    """Change the fields that the body sets; raise as ``add_search`` does."""
    values = body.model_dump(exclude_unset=True, exclude={"query", "filters"})
    if values.get("slug", search.slug) != search.slug:
        _check_unique(session, values["slug"])
    noun = values.get("noun", search.noun)
    query = _build_query(noun, body)
    if query is None:  # the filters that it had, which the list of another noun need not take
        query = _encode_filters(noun, dict(parse_qsl(search.query, keep_blank_values=True)), "noun")
    values["query"] = query
    session.draw_revision()
    return change_configured(session, search, values)


def remove_search(session: WriteSession, search: SavedSearch) -> None:
    """Delete a search; raise InUse while webhooks send what it finds."""
    webhooks = saved_searches.list_webhook_ids(session, search)
    if webhooks:
        names = ", ".join(map(str, webhooks[:10]))
        raise InUse(f"Webhooks send what it finds: {names}.", webhooks=list(webhooks[:10]))
    session.draw_revision()
    session.delete(search)


def _build_query(noun: Noun, body: SavedSearchCreate | SavedSearchUpdate) -> str | None:
    """Return the filters of a body in the form in which they are stored; None if it has none."""
    if body.query is not None and body.filters is not None:
        raise Invalid("filters", "give query or filters, not both")
    if body.filters is not None:
        return _encode_filters(noun, body.filters, "filters")
    if body.query is None:
        return None
    pairs = parse_qsl(body.query.removeprefix("?"), keep_blank_values=True)
    name, times = Counter(name for name, _ in pairs).most_common(1)[0] if pairs else ("", 1)
    if times > 1:
        raise Invalid(("query", name), "given more than once; a comma means OR")
    return _encode_filters(noun, dict(pairs), "query")


def _encode_filters(noun: Noun, filters: Mapping[str, str], field: str) -> str:
    """Return the filters ordered by name, as in the list's address; raise Invalid if the list does not take them."""
    names = saved_searches.get_parameter_names(noun) - SHOWING
    for name in filters:
        if name not in names:
            raise Invalid(
                (field, name), f"there is no such filter of {noun}; those there are: {', '.join(sorted(names))}"
            )
    query = urlencode(sorted(filters.items()), safe=",:/")
    if len(query) > _MAX_LENGTH:
        raise Invalid(field, f"longer than {_MAX_LENGTH} signs")
    try:
        saved_searches.build_filters(SavedQuery(noun, query), {})
    except Invalid as error:
        errors = [{**problem, "field": f"{field}.{problem['field']}"} for problem in error.extensions["errors"]]
        raise Invalid(errors[0]["field"], errors[0]["detail"], errors=errors) from None
    return query


def _check_unique(session: Session, slug: str) -> None:
    check_unique(session, SavedSearch, "There is already a saved search {slug}.", slug=slug)
