"""``/changes/stream``"""

from fastapi import APIRouter

router = APIRouter(tags=["revisions"])
