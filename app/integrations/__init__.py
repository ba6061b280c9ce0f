"""Other people's tools, a file each: what they want to be told, in their own words.

Adding one is adding a file here and its router to ``ROUTERS``.
"""

from app.integrations import grafana, timemap

ROUTERS = (grafana.router, timemap.router)
