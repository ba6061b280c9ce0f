"""``/reports``"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from app.ingest import store
from app.models import Report
from app.queries import reports
from app.queries.names import resolve
from app.routers import answers
from app.routers.crud import add_operations
from app.schemas.common import Page
from app.schemas.report import ReportCreate, ReportFilter, ReportPublic, ReportUpdate
from app.web.deps import ReaderDep

router = APIRouter(prefix="/reports", tags=["reports"])


@router.get("", response_model=Page[ReportPublic], responses=answers.MANY)
def list_reports(request: Request, reader: ReaderDep, filters: Annotated[ReportFilter, Query()]) -> Response:
    """Reports: which document reports which event."""
    ids = resolve(reader.session, {"source": filters.source})
    return answers.many(request, reader, filters, ReportPublic, reports.listing(filters, ids=ids))


add_operations(
    router,
    Report,
    public=ReportPublic,
    create=ReportCreate,
    update=ReportUpdate,
    add=store.add_report,
    change=store.update_report,
    on_delete="Its claims go with it.",
)
