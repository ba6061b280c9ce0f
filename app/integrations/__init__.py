"""Other people's tools, a file each: what they want to be told, in their own words.

Adding one is adding a file here and its router to ``ROUTERS``.
"""

from app.integrations import assistants, timemap
from app.integrations.grafana import annotations, datasource, variables

ROUTERS = (annotations.router, variables.router, datasource.router, timemap.router, assistants.router)
