"""Web pages: the article of one, and what the page says of it.

``read()`` does it in a process of its own, since the parser of a hostile page can neither be interrupted nor kept from
taking memory; ``parse.py`` is what runs there.
"""

from app.capture.pages.page import Page
from app.capture.pages.reader import read

__all__ = ["Page", "read"]
