"""AI assistants: questions about the store as tools of the Model Context Protocol.

``tools.py`` has the table of tools, ``questions.py`` and ``answers.py`` their shapes; ``server.py`` speaks the
protocol, over ``http.py`` or ``stdio.py``.
"""

from fastapi import APIRouter

from app.integrations.assistants.http import ROUTE, run_assistants

router = APIRouter()
router.routes.append(ROUTE)

__all__ = ["router", "run_assistants"]
