"""Who stands behind a report, or behind words: ``/events/{id}/origins``, ``/utterances/{id}/origins``"""

from fastapi import APIRouter

from app.web.reading import ReadRoute

router = APIRouter(tags=["origins"], route_class=ReadRoute)
