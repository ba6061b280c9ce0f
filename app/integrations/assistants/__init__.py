"""AI assistants: questions about the store as tools of the Model Context Protocol.

``tools.py`` has them in one table, ``questions.py`` and ``answers.py`` their shapes; ``server.py`` speaks the protocol,
``http.py`` and ``stdio.py`` carry it.
"""

from fastapi import APIRouter

from app.integrations.assistants.http import ROUTE, serving

router = APIRouter()
router.routes.append(ROUTE)

__all__ = ["router", "serving"]
