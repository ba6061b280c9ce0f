"""What documents say differently: ``/discrepancies``, ``/events/{id}/discrepancies``"""

from fastapi import APIRouter

from app.web.reading import ReadRoute

router = APIRouter(tags=["discrepancies"], route_class=ReadRoute)
