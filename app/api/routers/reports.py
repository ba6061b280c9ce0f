"""Serve ``/reports``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.api.routers import responses
from app.api.routers.crud import add_operations
from app.api.web.reads import ReadDep, ReadRoute
from app.database.models import Report
from app.queries import reports
from app.schemas.common import Page
from app.schemas.report import ReportCreate, ReportFilter, ReportPublic, ReportUpdate
from app.store import records

router = APIRouter(prefix="/reports", tags=["reports"], route_class=ReadRoute)


@router.get("", response_model=Page[ReportPublic], responses=responses.LIST)
async def list_reports(read: ReadDep, filters: Annotated[ReportFilter, Query()]) -> Response:
    """List reports: each is an event in a document."""
    return await responses.build_list(read, filters, ReportPublic, lambda reads: reports.get_listing(reads, filters))


add_operations(
    router,
    Report,
    public=ReportPublic,
    create=ReportCreate,
    update=ReportUpdate,
    add=records.add_report,
    change=records.update_report,
    on_delete="Its claims go with it.",
)
