"""The metadata of an article, in the order of trust: JSON-LD, meta tags, microdata, the visible page."""

import html
import re
from collections.abc import Iterable, Iterator

import langcodes
from lxml.html import HtmlElement

from app.capture.pages import times
from app.capture.pages.linked_data import LinkedData, Node, list_texts
from app.capture.pages.page import Metadata
from app.core import sites

_MAX_TITLE, _MAX_NAME, _MAX_TAG = 1000, 200, 40  # code points that the store accepts
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_IS_ADDRESS = re.compile(r"https?:|www\.|@")
_SEPARATORS = tuple("-–—|·•:«»")
_BY = re.compile(r"by\s+", re.IGNORECASE)
_JSON_LD = "//script[translate(@type, 'LDJSON+', 'ldjson+')='application/ld+json']"
_TIMES = ("//*[@itemprop='datePublished']", "//time[@pubdate]", "//article//time[@datetime]")
_PUBLISHED = (
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "parsely-pub-date",
    "sailthru.date",
    "dc.date.issued",
    "dcterms.created",
    "dc.date",
    "pubdate",
    "date",
)


def read(tree: HtmlElement, retrieved_from: str | None) -> Metadata:
    """Read the metadata of the page that ``retrieved_from`` answered."""
    base = retrieved_from and sites.resolve_url(retrieved_from, None)
    metas = _collect_metas(tree)
    candidates = [*map(str, tree.xpath("//link[contains(@rel, 'canonical')]/@href")[:3]), *_select(metas, "og:url")]
    url = sites.find_canonical_url(candidates, base) or base
    data = LinkedData(element.text or "" for element in tree.xpath(_JSON_LD)[:50])
    article = data.merge_article(lambda address: _is_this_page(address, url))
    time = times.select_published(
        [*list_texts(article, "datePublished"), *_select(metas, *_PUBLISHED), *_iterate_marked_times(tree)]
    )
    site = _first([*_select(metas, "og:site_name"), *data.list_names(article.get("publisher"))], _MAX_NAME)
    authors = [data.list_names(article.get("author")), _select(metas, "author"), _list_marked_authors(tree)]
    return Metadata(
        title=_read_title(tree, article, metas, site),
        byline=_build_byline(authors),
        language=_read_language(tree, data, article, metas),
        url=url,
        site=site,
        published=time.day if time else None,
        published_at=time.at if time else None,
    )


def clean(text: str, max_length: int) -> str:
    """Return one line of text that the store accepts, with entities resolved and spaces collapsed."""
    line = " ".join(_UNSTORABLE.sub("\ufffd", html.unescape(text[: 4 * max_length])).split())
    return line if len(line) <= max_length else line[: max_length - 1].rstrip() + "…"


def _first(candidates: Iterable[str], max_length: int) -> str | None:
    return next((line for line in (clean(text, max_length) for text in candidates) if line), None)


def _collect_metas(tree: HtmlElement) -> dict[str, str]:
    """Return the content of meta tags by name or property in lower case; the first of a name counts."""
    metas: dict[str, str] = {}
    for element in tree.iter("meta"):
        content = element.get("content")
        for name in (element.get(key) for key in ("property", "name", "itemprop", "http-equiv")):
            if name and content:
                metas.setdefault(name.lower(), content)
    return metas


def _select(metas: dict[str, str], *names: str) -> list[str]:
    return [metas[name] for name in names if name in metas]


def _is_this_page(address: str, url: str | None) -> bool:
    """Return True if a node's address can be that of the page; many sites give their front page for all pages."""
    absolute = sites.resolve_url(address, url)
    if url is None or absolute is None or sites.is_front_page(absolute):
        return True
    return sites.is_same_page(absolute, url)


def _iterate_marked_times(tree: HtmlElement) -> Iterator[str]:
    for path in _TIMES:
        for element in tree.xpath(path)[:1]:
            yield element.get("content") or element.get("datetime") or element.text or ""


def _list_marked_authors(tree: HtmlElement) -> list[str]:
    names = []
    for author in tree.xpath("//*[@itemprop='author' or @rel='author']")[:5]:
        element = next(iter(author.xpath(".//*[@itemprop='name']")), author)
        names.append(element.get("content") or "".join(element.itertext()))
    return names


def _build_byline(candidates: Iterable[list[str]]) -> str | None:
    """Return the authors' names from the first place that has any, without addresses."""
    for names in candidates:
        lines = (_BY.sub("", clean(name, _MAX_NAME), count=1) for name in names if not _IS_ADDRESS.match(name.strip()))
        authors = list(dict.fromkeys(line for line in lines if line))
        if authors:
            return clean(", ".join(authors), _MAX_NAME)
    return None


def _read_title(tree: HtmlElement, article: Node, metas: dict[str, str], site: str | None) -> str | None:
    """Return the headline, without the name of the site that many pages append."""
    headings = tree.xpath("//h1")[:2]
    printed = ["".join(headings[0].itertext())] if len(headings) == 1 else []
    stated = [*_select(metas, "og:title"), *printed, *(element.text or "" for element in tree.xpath("//title")[:1])]
    title = _first([*list_texts(article, "headline"), *stated], _MAX_TITLE)
    return (title and site and _remove_site(title, site)) or title


def _remove_site(title: str, site: str) -> str | None:
    """Return the title before a separator and the name of the site, or None if it does not end so."""
    rest, name = title[: -len(site)].rstrip(), title[-len(site) :]
    if name.casefold() != site.casefold() or rest[-1:] not in _SEPARATORS:
        return None
    return rest[:-1].rstrip()


def _read_language(tree: HtmlElement, data: LinkedData, article: Node, metas: dict[str, str]) -> str | None:
    candidates = [str(tree.get("lang") or tree.get("xml:lang") or ""), *list_texts(article, "inLanguage")]
    candidates += data.list_names(article.get("inLanguage")) + _select(metas, "og:locale", "content-language")
    tags = (tag.strip().replace("_", "-") for tag in candidates)
    return next((tag for tag in tags if 0 < len(tag) <= _MAX_TAG and langcodes.tag_is_valid(tag)), None)
