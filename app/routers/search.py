"""``/search``"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.queries import search
from app.routers import answers
from app.schemas.common import Page
from app.schemas.search import SearchFilter, SearchPublic
from app.web.deps import ReaderDep

router = APIRouter(tags=["search"])


@router.get("/search", name="search", response_model=Page[SearchPublic], responses=answers.MANY)
def search_records(request: Request, reader: ReaderDep, filters: Annotated[SearchFilter, Query()]) -> Response:
    """Events, statements and documents in which all the words occur, the newest first."""
    return answers.many(request, reader, filters, SearchPublic, search.Search(filters.q, filters.noun))
