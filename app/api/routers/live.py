"""``/changes/stream``: the changes of the store as they happen, as server-sent events."""

from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response

from app.api.web.deps import recheck_read_access
from app.api.web.fresh import UncachedReadDep
from app.api.web.live import Hub, StreamResponse, events
from app.api.web.problems import describe_statuses
from app.api.web.reads import ReadRequest
from app.core.errors import Invalid, NotFound
from app.core.vocab import Noun, Operation
from app.database.statements import ReadSession
from app.queries import saved_searches
from app.queries.change_feed import ChangeSelection, Position
from app.queries.saved_searches import SavedQuery
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
    """What revisions do to records, told as it happens (server-sent events, each named `change`).

    Without a position it begins now. The id of each event is one: a client that sends the last one as `Last-Event-ID`,
    as browsers do by themselves, misses nothing and gets nothing twice.
    """
    hub: Hub = read.request.app.state.hub

    async def check() -> ChangeSelection:
        await recheck_read_access(read.request, None if params.search is None else f"/searches/{params.search}")
        return await _following(read, params)

    position = await _position(read, params, last_event_id)
    await check()

    with ExitStack() as place:
        place.enter_context(hub.listening(read.read_pool))
        return StreamResponse(events(hub, position, check), place.pop_all())


async def _following(read: ReadRequest, params: StreamParams) -> ChangeSelection:
    """What is followed; raises Invalid for a search that is not there."""
    nouns = frozenset(Noun(word) for word in split_commas(params.noun))
    operations = frozenset(Operation(word) for word in split_commas(params.operation))
    search = None if params.search is None else await _search(read, params.search)
    return ChangeSelection(nouns, operations, search)


async def _search(read: ReadRequest, ref: int | str) -> SavedQuery:
    async def sought(reads: ReadSession) -> SavedQuery:
        return await saved_searches.get_search(reads, ref)

    try:
        return await read.read_pool.run_on_primary(sought)
    except NotFound as error:
        raise Invalid("search", error.detail) from None


async def _position(read: ReadRequest, params: StreamParams, header: str | None) -> Position:
    """Where the stream begins; raises Invalid for what no event has as its id, or what this store has not come to."""
    if header is not None:
        field, known = "Last-Event-ID", _parsed("Last-Event-ID", header)
    elif params.last_event_id is not None:
        field, known = "last_event_id", _parsed("last_event_id", params.last_event_id)
    else:
        field, known = "since", Position(params.since or 0)
        if params.since is None:
            return Position((await read.read_pool.get_state()).revision)
    state = await read.read_pool.with_min_revision(known.revision).get_state()
    if known.revision > state.revision:
        raise Invalid(field, f"the store is at revision {state.revision}", revision=state.revision)
    return known


def _parsed(field: str, text: str) -> Position:
    match = EVENT_ID.fullmatch(text)
    known = Position(int(match[1]), int(match[3]) if match[3] else None) if match else None
    if known is None or max(known.revision, known.place or 0) > MAX_ID:
        raise Invalid(field, "not the id of an event of this stream")
    return known
