"""``/integrations/grafana``: annotations, variables, and the JSON data source."""

from fastapi import APIRouter

from app.web.reading import ReadRoute

router = APIRouter(prefix="/integrations/grafana", tags=["integrations"], route_class=ReadRoute)
