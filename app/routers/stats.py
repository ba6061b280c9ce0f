"""Counts over time: ``/stats/{noun}``"""

from fastapi import APIRouter

from app.web.reading import ReadRoute

router = APIRouter(tags=["stats"], route_class=ReadRoute)
