"""``/matches``"""

from fastapi import APIRouter

from app.web.reading import ReadRoute

router = APIRouter(tags=["matches"], route_class=ReadRoute)
