"""Serve ``/changes/stream``: the changes of the store as they happen, as server-sent events."""

from contextlib import ExitStack
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from app.api.web.access import recheck_read_access
from app.api.web.live import Hub, StreamResponse, stream_events
from app.api.web.problems import describe_statuses
from app.api.web.reads import ReadRequest, UncachedReadDep
from app.core.errors import Invalid, NotFound
from app.core.vocab import Noun, Operation
from app.queries import saved_searches
from app.queries.change_feed import ChangeSelection, Position
from app.schemas.common import MAX_ID, split_commas
from app.schemas.live import EVENT_ID, StreamParams

router = APIRouter(tags=["revisions"])

_STREAM = describe_statuses(401, 403, 422, 429, 503)


@router.get("/changes/stream", status_code=200, response_class=StreamResponse, responses=_STREAM)
async def stream_changes(
    read: UncachedReadDep,
    params: Annotated[StreamParams, Query()],
    last_event_id: Annotated[
        str | None, Header(description="The id of the last event that a client got before it lost the stream.")
    ] = None,
) -> Response:
    """Stream the changes of records as they happen (server-sent events, each named `change`).

    Without a position the stream begins now. The id of each event is a position: a client that sends the last one as
    `Last-Event-ID`, as browsers do by themselves, gets each change exactly once.
    """
    hub: Hub = read.request.app.state.hub

    async def authorize() -> ChangeSelection:
        await recheck_read_access(read.request, None if params.search is None else f"/searches/{params.search}")
        return await _get_selection(read, params)

    position = await _get_position(read, params, last_event_id)
    await authorize()

    with ExitStack() as registration:
        registration.enter_context(hub.register_listener(read.read_pool))
        return StreamResponse(stream_events(hub, position, authorize), registration.pop_all())


async def _get_selection(read: ReadRequest, params: StreamParams) -> ChangeSelection:
    """Return the changes to stream; raise ``Invalid`` if their saved search does not exist."""
    nouns = frozenset(Noun(word) for word in split_commas(params.noun))
    operations = frozenset(Operation(word) for word in split_commas(params.operation))
    search = None
    if params.search is not None:
        try:
            search = await read.read_pool.run_on_primary(partial(saved_searches.get_search, ref=params.search))
        except NotFound as error:
            raise Invalid("search", error.detail) from None
    return ChangeSelection(nouns, operations, search)


async def _get_position(read: ReadRequest, params: StreamParams, header: str | None) -> Position:
    """Return the position at which the stream begins.

    Raise ``Invalid`` if it is not the id of an event, or of a revision that this store has not reached.
    """
    if header is not None:
        field, position = "Last-Event-ID", _parse_event_id("Last-Event-ID", header)
    elif params.last_event_id is not None:
        field, position = "last_event_id", _parse_event_id("last_event_id", params.last_event_id)
    else:
        field, position = "since", Position(params.since or 0)
        if params.since is None:
            return Position((await read.read_pool.get_state()).revision)
    state = await read.read_pool.with_min_revision(position.revision).get_state()
    if position.revision > state.revision:
        raise Invalid(field, f"the store is at revision {state.revision}", revision=state.revision)
    return position


def _parse_event_id(field: str, text: str) -> Position:
    match = EVENT_ID.fullmatch(text)
    position = Position(int(match[1]), int(match[3]) if match[3] else None) if match else None
    if position is None or max(position.revision, position.place or 0) > MAX_ID:
        raise Invalid(field, "not the id of an event of this stream")
    return position
