"""Serve ``/revisions``, ``/changes`` and the history of each record."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.api.routers import responses
from app.api.web.reads import ReadDep, ReadRoute
from app.core.vocab import Noun
from app.database.reads import ReadSession, ThreadReadSession
from app.queries import revisions
from app.schemas.common import Page, Ref
from app.schemas.revision import (
    ChangeFilter,
    ChangePublic,
    HistoryFilter,
    RevisionFilter,
    RevisionPublic,
    VersionPublic,
)

router = APIRouter(tags=["revisions"], route_class=ReadRoute)


@router.get("/revisions", response_model=Page[RevisionPublic], responses=responses.LIST)
async def list_revisions(read: ReadDep, filters: Annotated[RevisionFilter, Query()]) -> Response:
    """List the write transactions, with time, author and message, the latest first."""
    return await responses.build_list(read, filters, RevisionPublic, revisions.get_listing)


@router.get("/changes", response_model=Page[ChangePublic], responses=responses.LIST)
async def list_changes(read: ReadDep, filters: Annotated[ChangeFilter, Query()]) -> Response:
    """List all changes of records by the revisions after `since`, in their order.

    Follow `next` to the end, then ask again with the last `revision` seen as `since`.
    """
    return await responses.build_list(
        read, filters, ChangePublic, lambda reads: revisions.get_change_listing(reads, filters)
    )


@router.get("/{noun}/{id}/history", response_model=Page[VersionPublic], responses=responses.NESTED_LIST)
async def list_history(
    read: ReadDep,
    noun: Noun,
    ref: Annotated[Ref, Path(alias="id", description="Id; of sources and speakers also the slug.")],
    filters: Annotated[HistoryFilter, Query()],
) -> Response:
    """List all versions of a record, the latest first; a deleted record has them too."""

    async def find(reads: ReadSession) -> revisions.RecordVersions:
        assert isinstance(reads, ThreadReadSession)  # it is read thorough
        return revisions.RecordVersions(reads.session, noun, ref)

    return await responses.build_list(read, filters, VersionPublic, find, thorough=True)
