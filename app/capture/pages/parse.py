"""A page read in this very process: for hostile pages there is ``reader.py``."""

import dataclasses

from lxml import etree, html
from lxml.html import HtmlElement
from trafilatura import bare_extraction
from trafilatura.metadata import extract_metadata
from trafilatura.settings import Document

from app.capture.pages import metadata, times
from app.capture.pages.page import Metadata, Page
from app.schemas.document import MAX_TEXT

_NAME = 200

# Code points: what is shorter is a page's demand to turn something on.
_SHORTEST = 50


def read(source: bytes, url: str | None) -> Page | None:
    """The article of a page in UTF-8, ``url`` being where it was found; None where it has none."""
    tree = _tree(source)
    if tree is None:
        return None
    said = metadata.read(tree, url)
    text = _article(tree)
    if not _SHORTEST <= len(text) <= MAX_TEXT:
        return None
    return Page(text=text, **dataclasses.asdict(_with_guesses(said, tree, url)))


def _tree(source: bytes) -> HtmlElement | None:
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    try:
        return html.document_fromstring(source, parser=parser)
    except etree.ParserError:  # it is empty
        return None


def _article(tree: HtmlElement) -> str:
    found = bare_extraction(tree, favor_precision=True, include_comments=False, include_tables=False)
    blocks = (found.text or "").split("\n") if isinstance(found, Document) else []
    return "\n\n".join(block for block in (each.strip() for each in blocks) if block)


def _with_guesses(said: Metadata, tree: HtmlElement, url: str | None) -> Metadata:
    """What the page does not say outright, as trafilatura guesses it from the page's usual places."""
    if said.title and said.byline and said.published:
        return said
    for script in tree.xpath("//script"):  # whose JSON-LD has been judged
        script.drop_tree()
    guess = extract_metadata(tree, url, extensive=False)
    day = times.read(guess.date or "")
    return dataclasses.replace(
        said,
        title=said.title or metadata.clean(guess.title or "", 1000) or None,
        byline=said.byline or metadata.clean(guess.author or "", _NAME) or None,
        published=said.published or (day.day if day else None),
    )
