"""Endpoints for other people's tools, in the shapes that these tools expect.

A new one is a file or folder in this folder, and its router in ``ROUTERS``.
"""

from app.integrations import assistants, timemap
from app.integrations.grafana import annotations, datasource, variables

ROUTERS = (annotations.router, variables.router, datasource.router, timemap.router, assistants.router)
