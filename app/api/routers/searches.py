"""``/searches``: filters under a name, and the lists that they are."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import JsonValue

from app.api.routers import responses
from app.api.web.problems import describe_statuses
from app.api.web.reads import ReadDep, ReadRoute, UncachedReadDep
from app.api.web.requests import SlugOrId, parse_query
from app.api.web.writes import CHANGE, CREATE, WriteDep, WriteRequest
from app.core.errors import Busy
from app.database.models import SavedSearch
from app.database.reads import ReadSession, ThreadReadSession, run_sync
from app.queries import saved_searches
from app.queries.listing import Paged
from app.queries.lists import LISTS
from app.queries.saved_searches import SavedQuery
from app.schemas.common import Page
from app.schemas.saved_search import (
    SavedSearchCreate,
    SavedSearchFilter,
    SavedSearchItems,
    SavedSearchPublic,
    SavedSearchUpdate,
)
from app.store.revisions import WriteSession
from app.store.saved_searches import add_search, change_search, find_search, remove_search

router = APIRouter(prefix="/searches", tags=["searches"], route_class=ReadRoute)

_ONE = describe_statuses(401, 403, 404, 422, 429, 503)


@router.get("", response_model=Page[SavedSearchPublic], responses=responses.UNCACHED_LIST)
async def list_searches(read: UncachedReadDep, filters: Annotated[SavedSearchFilter, Query()]) -> Response:
    """List saved searches, in the order in which they were saved."""
    return await responses.build_uncached_list(
        read, filters, SavedSearchPublic, lambda reads: saved_searches.get_listing(reads, filters)
    )


@router.get("/{slug}", response_model=SavedSearchPublic, responses=_ONE)
async def get_search(read: UncachedReadDep, ref: SlugOrId) -> Response:
    """Return one saved search, with the addresses of its results."""
    return await responses.build_uncached(read, lambda reads: saved_searches.get_item(reads, ref))


@router.get(
    "/{slug}/items", response_model=Page[dict[str, JsonValue]], responses=responses.LIST | describe_statuses(404)
)
async def list_search_items(read: ReadDep, ref: SlugOrId, params: Annotated[SavedSearchItems, Query()]) -> Response:
    """List the results of a saved search, in any format of its list.

    The items have the shape of the searched list.
    """

    get_search_query = partial(saved_searches.get_search, ref=ref)
    search = await read.run(get_search_query)
    values = {name: value for name, value in parse_query(read.request).items() if name in params.model_fields_set}
    filters = saved_searches.build_filters(search, values)

    async def find(reads: ReadSession) -> Paged:
        if await get_search_query(reads) != search:
            raise Busy("The search was changed just now; try again.")
        return await LISTS[search.noun].get_listing(reads, filters)

    return await responses.build_list(read, filters, LISTS[search.noun].public, find)


@router.post("", response_model=SavedSearchPublic, status_code=201, responses=CREATE)
def create_search(write: WriteDep, body: SavedSearchCreate) -> Response:
    """Save the filters of a list under a name."""
    with write.open_transaction() as session:
        return _build_response(write, session, 201, add_search(session, body))


@router.patch("/{slug}", response_model=SavedSearchPublic, responses=CHANGE)
def update_search(write: WriteDep, ref: SlugOrId, body: SavedSearchUpdate) -> Response:
    """Change the fields that the body names; streams and webhooks go on with the new filters."""
    write.reject_if_match()
    with write.open_transaction() as session:
        return _build_response(write, session, 200, change_search(session, find_search(session, ref), body))


@router.delete("/{slug}", status_code=204, responses=CHANGE)
def delete_search(write: WriteDep, ref: SlugOrId) -> Response:
    """Delete a saved search that no webhook uses; its streams end."""
    write.reject_if_match()
    with write.open_transaction() as session:
        remove_search(session, find_search(session, ref))
        return write.build_response(session, 204)


def _build_response(write: WriteRequest, session: WriteSession, status: int, search: SavedSearch) -> Response:
    """Return the response with a saved search; raise ``Invalid`` if its filters name a record that does not exist."""
    reads, query = ThreadReadSession(session), SavedQuery(search.noun, search.query)
    run_sync(LISTS[search.noun].get_listing(reads, saved_searches.build_filters(query, {})))
    return write.build_unversioned_response(
        session, status, f"/searches/{search.slug}", run_sync(saved_searches.get_item(reads, search.slug))
    )
