"""Parsing a page in this process; ``reader.py`` does it in another one, which is safe for hostile pages."""

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

# Code points; a shorter text is a page's request to turn on JavaScript or cookies.
_MIN_TEXT = 50


def parse(source: bytes, url: str | None) -> Page | None:
    """Return the article of a page in UTF-8, retrieved from ``url``, or None if it has none."""
    tree = _parse_tree(source)
    if tree is None:
        return None
    stated = metadata.read(tree, url)
    text = _extract_text(tree)
    if not _MIN_TEXT <= len(text) <= MAX_TEXT:
        return None
    return Page(text=text, **dataclasses.asdict(_complete(stated, tree, url)))


def _parse_tree(source: bytes) -> HtmlElement | None:
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False)
    try:
        return html.document_fromstring(source, parser=parser)
    except etree.ParserError:  # it is empty
        return None


def _extract_text(tree: HtmlElement) -> str:
    article = bare_extraction(tree, favor_precision=True, include_comments=False, include_tables=False)
    blocks = (article.text or "").split("\n") if isinstance(article, Document) else []
    return "\n\n".join(block for block in (block.strip() for block in blocks) if block)


def _complete(stated: Metadata, tree: HtmlElement, url: str | None) -> Metadata:
    """Fill in the fields that the page does not state, as trafilatura guesses them from the usual places."""
    if stated.title and stated.byline and stated.published:
        return stated
    for script in tree.xpath("//script"):  # their JSON-LD has been read
        script.drop_tree()
    guess = extract_metadata(tree, url, extensive=False)
    time = times.parse_time(guess.date or "")
    return dataclasses.replace(
        stated,
        title=stated.title or metadata.clean(guess.title or "", 1000) or None,
        byline=stated.byline or metadata.clean(guess.author or "", _NAME) or None,
        published=stated.published or (time.day if time else None),
    )
