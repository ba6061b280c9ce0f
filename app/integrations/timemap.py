"""``/integrations/timemap``: what Bellingcat's TimeMap shows."""

from fastapi import APIRouter

from app.web.reading import ReadRoute

router = APIRouter(prefix="/integrations/timemap", tags=["integrations"], route_class=ReadRoute)
