"""``/revisions``, ``/changes``, and the history of each record"""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from app.queries import revisions
from app.routers import answers
from app.schemas.common import Page, Ref
from app.schemas.revision import (
    ChangeFilter,
    ChangePublic,
    HistoryFilter,
    RevisionFilter,
    RevisionPublic,
    VersionPublic,
)
from app.vocab import Noun
from app.web.deps import ReaderDep

router = APIRouter(tags=["revisions"])


@router.get("/revisions", response_model=Page[RevisionPublic], responses=answers.MANY)
def list_revisions(request: Request, reader: ReaderDep, filters: Annotated[RevisionFilter, Query()]) -> Response:
    """Every write transaction: when, by whom, why; the latest first."""
    return answers.many(request, reader, filters, RevisionPublic, revisions.listing())


@router.get("/changes", response_model=Page[ChangePublic], responses=answers.MANY)
def list_changes(request: Request, reader: ReaderDep, filters: Annotated[ChangeFilter, Query()]) -> Response:
    """What the revisions after `since` created, updated and deleted, in their order, missing nothing.

    Follow `next` to the end, then ask again with the last `revision` seen as `since`.
    """
    return answers.many(request, reader, filters, ChangePublic, revisions.Changes(filters.since))


@router.get("/{noun}/{id}/history", response_model=Page[VersionPublic], responses=answers.NESTED)
def list_history(
    request: Request,
    reader: ReaderDep,
    noun: Noun,
    ref: Annotated[Ref, Path(alias="id", description="Id; of sources and speakers also the slug.")],
    filters: Annotated[HistoryFilter, Query()],
) -> Response:
    """Every state that a record had, the latest first; of a deleted one too."""
    return answers.many(request, reader, filters, VersionPublic, revisions.Versions(noun, ref))
