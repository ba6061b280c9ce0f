"""Web pages: the article of a page, with its metadata.

``parse_page()`` runs ``parse.py`` in a process of its own, since a parser that works on a hostile page cannot be
interrupted or kept from taking memory in this one.
"""

from app.capture.pages.page import Page
from app.capture.pages.reader import parse_page

__all__ = ["Page", "parse_page"]
