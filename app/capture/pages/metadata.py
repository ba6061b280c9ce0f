"""What a page says of its article, in the order of trust: JSON-LD, meta tags, microdata, the page itself."""

import html
import re
from collections.abc import Iterable, Iterator

import langcodes
from lxml.html import HtmlElement

from app.capture.pages import times
from app.capture.pages.linked_data import LinkedData, Node, texts
from app.capture.pages.page import Metadata
from app.core import sites

_TITLE, _NAME, _TAG = 1000, 200, 40  # code points that the store takes
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


def read(tree: HtmlElement, found_at: str | None) -> Metadata:
    """What the page at ``found_at`` says of itself; null is what it does not say."""
    found_at = found_at and sites.resolve_url(found_at, None)
    metas = _metas(tree)
    named = [*map(str, tree.xpath("//link[contains(@rel, 'canonical')]/@href")[:3]), *_among(metas, "og:url")]
    url = sites.find_canonical_url(named, found_at) or found_at
    data = LinkedData(element.text or "" for element in tree.xpath(_JSON_LD)[:50])
    article = data.article(lambda address: _is_here(address, url))
    time = times.published([*texts(article, "datePublished"), *_among(metas, *_PUBLISHED), *_marked_times(tree)])
    site = _first([*_among(metas, "og:site_name"), *data.names(article.get("publisher"))], _NAME)
    return Metadata(
        title=_title(tree, article, metas, site),
        byline=_byline([data.names(article.get("author")), _among(metas, "author"), _marked_authors(tree)]),
        language=_language(tree, data, article, metas),
        url=url,
        site=site,
        published=time.day if time else None,
        published_at=time.at if time else None,
    )


def clean(text: str, longest: int) -> str:
    """One line of text as the store takes it, entities and all spaces resolved."""
    line = " ".join(_UNSTORABLE.sub("\ufffd", html.unescape(text[: 4 * longest])).split())
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _first(candidates: Iterable[str], longest: int) -> str | None:
    return next((line for line in (clean(text, longest) for text in candidates) if line), None)


def _metas(tree: HtmlElement) -> dict[str, str]:
    """The content of meta tags, by name or property in lower case; of several the first."""
    found: dict[str, str] = {}
    for element in tree.iter("meta"):
        content = element.get("content")
        for name in (element.get(key) for key in ("property", "name", "itemprop", "http-equiv")):
            if name and content:
                found.setdefault(name.lower(), content)
    return found


def _among(metas: dict[str, str], *names: str) -> list[str]:
    return [metas[name] for name in names if name in metas]


def _is_here(address: str, url: str | None) -> bool:
    """Whether an address that a node names may be that of the page; a front page is given for any."""
    there = sites.resolve_url(address, url)
    if url is None or there is None or sites.is_front_page(there):
        return True
    return sites.is_same_page(there, url)


def _marked_times(tree: HtmlElement) -> Iterator[str]:
    for path in _TIMES:
        for element in tree.xpath(path)[:1]:
            yield element.get("content") or element.get("datetime") or element.text or ""


def _marked_authors(tree: HtmlElement) -> list[str]:
    marked = tree.xpath("//*[@itemprop='author' or @rel='author']")[:5]
    return [name for element in marked for name in _names_in(element)]


def _names_in(element: HtmlElement) -> list[str]:
    inner = element.xpath(".//*[@itemprop='name']")[:1] or [element]
    return [inner[0].get("content") or "".join(inner[0].itertext())]


def _byline(candidates: Iterable[list[str]]) -> str | None:
    """The authors' names, as the first place gives them that has any; addresses are none."""
    for names in candidates:
        lines = (_BY.sub("", clean(name, _NAME), count=1) for name in names if not _IS_ADDRESS.match(name.strip()))
        found = list(dict.fromkeys(line for line in lines if line))
        if found:
            return clean(", ".join(found), _NAME)
    return None


def _title(tree: HtmlElement, article: Node, metas: dict[str, str], site: str | None) -> str | None:
    """The headline, without the name of the site that many pages put after it."""
    headings = tree.xpath("//h1")[:2]
    printed = ["".join(headings[0].itertext())] if len(headings) == 1 else []
    named = [*_among(metas, "og:title"), *printed, *(each.text or "" for each in tree.xpath("//title")[:1])]
    title = _first([*texts(article, "headline"), *named], _TITLE)
    return (title and site and _without(title, site)) or title


def _without(title: str, site: str) -> str | None:
    """The title, if the name of the site is put after it with a sign between them."""
    rest, name = title[: -len(site)].rstrip(), title[-len(site) :]
    if name.casefold() != site.casefold() or rest[-1:] not in _SEPARATORS:
        return None
    return rest[:-1].rstrip()


def _language(tree: HtmlElement, data: LinkedData, article: Node, metas: dict[str, str]) -> str | None:
    given = [str(tree.get("lang") or tree.get("xml:lang") or ""), *texts(article, "inLanguage")]
    given += data.names(article.get("inLanguage")) + _among(metas, "og:locale", "content-language")
    tags = (tag.strip().replace("_", "-") for tag in given)
    return next((tag for tag in tags if 0 < len(tag) <= _TAG and langcodes.tag_is_valid(tag)), None)
