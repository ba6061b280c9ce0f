"""Who covered what, and how: ``/coverage``, ``/events/{id}/coverage``"""

from fastapi import APIRouter

from app.web.reading import ReadRoute

router = APIRouter(tags=["coverage"], route_class=ReadRoute)
