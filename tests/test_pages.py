"""Pages: the article, what the page says of it, and pages that are made to do harm."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from app.capture.pages import Page, parse, times
from app.capture.pages.reader import Reader
from app.core import sites
from app.core.errors import Unreadable
from app.schemas.document import DocumentCreate
from tests.properties import for_all

URL = "https://www.herald.example/2024/06/19/talks"
STORY = """<article><h1>Talks to go on</h1>
<p>The talks in the capital will go on for another week, a spokesman for the ministry said.</p>
<p>“We will not move,” the minister told reporters after a long session of the committee.</p>
<p>Nobody else who was in the room wanted to speak about it, on or off the record.</p></article>"""


def html(head: str = "", body: str = STORY, attributes: str = "") -> str:
    return f"<!doctype html><html {attributes}><head>{head}</head><body>{body}</body></html>"


def read(page: str, url: str | None = URL) -> Page:
    parsed = parse.parse(page.encode(), url)
    assert parsed is not None
    return parsed


def linked(*data: Any) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(block)}</script>' for block in data)


def article(**said: Any) -> str:
    return linked({"@context": "https://schema.org", "@type": "NewsArticle", **said})


BROKEN = "".join(
    f"<script type='application/ld+json'>{data}</script>"
    for data in (
        '{"@type": broken',
        "",
        "[" * 100_000,
        '{"@type": "NewsArticle", "datePublished": ' + "9" * 5000 + "}",
        "3",
    )
)


def meta(**contents: str) -> str:
    return "".join(
        f'<meta property="{name.replace("_", ":", 1)}" content="{value}">' for name, value in contents.items()
    )


def test_text_is_paragraphs_of_article_alone() -> None:
    around = (
        "<nav><ul><li><a href=/>Home</a></li><li><a href=/world>World</a></li></ul></nav>{}"
        "<div id=comments><h3>Comments</h3><p>What a nice article this is, I have to say.</p></div>"
        "<footer>All rights reserved by somebody</footer>"
    )

    page = read(html(body=around.format(STORY)))

    assert page.text.split("\n\n") == [
        "Talks to go on",
        "The talks in the capital will go on for another week, a spokesman for the ministry said.",
        "“We will not move,” the minister told reporters after a long session of the committee.",
        "Nobody else who was in the room wanted to speak about it, on or off the record.",
    ]


@pytest.mark.parametrize(
    ("head", "published", "moment"),
    [
        (article(datePublished="2024-06-19T10:15:00Z"), "2024-06-19", "2024-06-19T10:15Z"),
        (article(datePublished="2024-06-19T23:30:00-04:00"), "2024-06-19", "2024-06-20T03:30Z"),
        (article(datePublished="2024-06-19T10:15:00.000+0900"), "2024-06-19", "2024-06-19T01:15Z"),
        (article(datePublished="2024-06-19T10:15:00"), "2024-06-19", None),
        (article(datePublished=["2024-06-19"]), "2024-06-19", None),
        (article(datePublished="2024-06"), "2024-06", None),
        (article(datePublished="0001-01-01T00:00:00Z"), None, None),
        (article(datePublished="Wed, 19 Jun 2024 10:15:00 GMT"), "2024-06-19", "2024-06-19T10:15Z"),
        (linked([{"@type": ["Thing", "ReportageNewsArticle"], "datePublished": "2024-06-19"}]), "2024-06-19", None),
        (linked({"@graph": [{"@type": "WebPage", "datePublished": "2024-06"}, {"@type": "Report"}]}), "2024-06", None),
        (linked({"@type": "WebPage", "about": {"@type": "Article", "datePublished": "2024"}}), "2024", None),
        (article(datePublished="2024-06-19") + meta(date="2024-06-19 08:00Z"), "2024-06-19", "2024-06-19T08:00Z"),
        (article(datePublished="2024-06-19") + meta(pubdate="2024-06-20T08:00Z"), "2024-06-19", None),
        (meta(article_published_time="2024-06-19T08:00:00Z"), "2024-06-19", "2024-06-19T08:00Z"),
        (article(datePublished="soon") + '<meta itemprop="datePublished" content="2024-06-19">', "2024-06-19", None),
        (article(mainEntityOfPage={"@id": "/other"}, datePublished="2020-01-01"), None, None),
        (article(url=URL + "/?utm_source=x", datePublished="2024-06-19"), "2024-06-19", None),
        (BROKEN + article(datePublished="2024-06-19"), "2024-06-19", None),
        ("", None, None),
    ],
)  # fmt: skip
def test_time_is_stated_by_page_never_guessed(head: str, published: str | None, moment: str | None) -> None:
    page = read(html(head), "https://www.herald.example/talks" if "2024" not in head else URL)

    assert (page.published, page.published_at and f"{page.published_at:%Y-%m-%dT%H:%MZ}") == (published, moment)


def test_time_inside_article_counts_outside_does_not() -> None:
    beside = "<aside><time datetime='2020-01-01T00:00:00Z'>old</time></aside>"
    inside = STORY.replace("<p>", "<p><time datetime='2024-06-19T08:00:00Z'>today</time> ", 1)

    assert str(read(html(body=beside + inside)).published_at) == "2024-06-19 08:00:00+00:00"
    assert read(html(body=beside + STORY)).published_at is None


def test_what_is_not_said_is_guessed_as_a_day_at_most() -> None:
    page = read(html(body=STORY.replace("</h1>", "</h1><p class='date'>Published: June 19, 2024 10:00</p>")), URL)

    assert (page.published, page.published_at) == ("2024-06-19", None)


@pytest.mark.parametrize(
    ("attributes", "head", "language"),
    [
        ("lang=en-GB", "", "en-GB"),
        ("", article(inLanguage="de"), "de"),
        ("", article(inLanguage={"@type": "Language", "name": "fr"}), "fr"),
        ("", meta(og_locale="pt_BR"), "pt-BR"),
        ("lang=english-please", meta(og_locale="en_US"), "en-US"),
        ("lang=''", "", None),
    ],
)
def test_the_language_is_a_valid_tag_or_none(attributes: str, head: str, language: str | None) -> None:
    assert read(html(head, attributes=attributes)).language == language


@pytest.mark.parametrize(
    ("head", "url"),
    [
        ("<link rel=canonical href='https://herald.example/talks'>", "https://herald.example/talks"),
        ("<link rel='canonical' href='/talks?id=1'>", "https://www.herald.example/talks?id=1"),
        (meta(og_url="https://m.herald.example/talks"), "https://m.herald.example/talks"),
        ("<link rel=canonical href='https://attacker.example/talks'>", URL),
        ("<link rel=canonical href='https://example/talks'>", URL),
        ("<link rel=canonical href='javascript:alert(1)'>", URL),
        ("<link rel=canonical href='https://user:secret@herald.example/talks'>", URL),
        ("<link rel=canonical href='https://www.herald.example/'>", URL),  # of every page of a site, by mistake
        ("<link rel=canonical href='http://[::1'>" + meta(og_url="https://herald.example/t"), "https://herald.example/t"),
    ],
)  # fmt: skip
def test_the_canonical_address_is_one_of_the_same_site(head: str, url: str) -> None:
    assert read(html(head)).url == url


def test_a_saved_page_is_where_it_says() -> None:
    head = "<link rel=canonical href='https://herald.example/talks'>"

    assert read(html(head), None).url == "https://herald.example/talks"
    assert read(html("<link rel=canonical href=/talks>"), None).url is None
    assert read(html(), "urn:uuid:1").url is None


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (article(headline="Talks “to go on” &amp; on"), "Talks “to go on” & on"),
        (article(headline="  \n ") + meta(og_title="Talks"), "Talks"),
        (meta(og_title="Talks to go on - The Herald", og_site_name="The Herald"), "Talks to go on"),
        (meta(og_title="The Herald", og_site_name="The Herald"), "The Herald"),
        (meta(og_title="Why I read the herald", og_site_name="The Herald"), "Why I read the herald"),
        ("<title>Something else</title>", "Talks to go on"),
        (article(headline="x" * 5000), "x" * 999 + "…"),
    ],
)
def test_the_title_is_the_headline(head: str, title: str) -> None:
    assert read(html(head)).title == title


@pytest.mark.parametrize(
    ("head", "byline"),
    [
        (article(author={"@type": "Person", "name": "Ann Writer"}), "Ann Writer"),
        (article(author=[{"name": "Ann Writer"}, {"name": ["Bob Scribe"]}, "Ann Writer"]), "Ann Writer, Bob Scribe"),
        (article(author="https://herald.example/ann") + "<meta name=author content='By Ann Writer'>", "Ann Writer"),
        (linked([{"@type": "Article", "author": {"@id": "#a"}}, {"@id": "#a", "name": "Ann Writer"}]), "Ann Writer"),
        (article(author={"@id": "#nobody"}), None),
    ],
)
def test_the_byline_names_the_authors(head: str, byline: str | None) -> None:
    assert read(html(head)).byline == byline


def test_the_site_is_called_as_it_calls_itself() -> None:
    assert read(html(meta(og_site_name=" The  Herald "))).site == "The Herald"
    assert read(html(article(publisher={"name": "The Herald"}))).site == "The Herald"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://herald.example/", "http://www.herald.example/x", True),
        ("https://m.herald.example/", "https://amp.herald.example/", True),
        ("https://news.herald.example/", "https://herald.example/", True),
        ("https://herald.example/", "https://notherald.example/", False),
        ("https://herald.example/", "https://example/", False),
        ("http://10.0.0.1/", "http://0.0.1/", False),
        ("http://[::1]/", "http://[::1]:8080/", True),
    ],
)
def test_a_site_is_a_host_and_what_is_below_it(one: str, other: str, same: bool) -> None:
    assert sites.is_same_site(one, other) is sites.is_same_site(other, one) is same


KEYS = ["@type", "@id", "@graph", "name", "author", "headline", "datePublished", "inLanguage", "url", "publisher"]
WORDS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["NewsArticle", "2024-06-19T10:00:00+99:00", "9999-12-31T23:59:59-14:00", "https://[x", "\ud800\x00"]
    ),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.floats(), st.integers(), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)),
    max_leaves=30,
)


@for_all(
    data=JSON, soup=st.text(alphabet=st.sampled_from("<>/=\"'! adivpmetaxoghrefltime\x00&;"), max_size=200), words=WORDS
)
def test_whatever_a_page_says_the_store_can_take_it(data: Any, soup: str, words: str) -> None:
    head = linked(
        {"@type": "NewsArticle", "headline": words, "author": data, "datePublished": data, "url": words}, data
    )
    source = html(head + meta(og_locale=words, og_url=words, og_site_name=words) + soup)

    page = parse.parse(source.encode("utf-8", "surrogatepass"), URL)

    if page is not None:
        DocumentCreate(
            source=1,
            text=page.text,
            title=page.title,
            byline=page.byline,
            language=page.language,
            url=page.url,
            published=page.published,
            published_at=page.published_at,
        )


@for_all(
    st.text(max_size=60) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{0,8}[+Z-][0-9:]{0,5}", fullmatch=True)
)
def test_any_text_is_a_time_or_none(text: str) -> None:
    moment = times.parse_time(text)

    assert moment is None or moment.at is None or moment.at.utcoffset() is not None


# Pages that are made to take all there is of time and memory.


MANY = 1_000_000
HOSTILE = {
    "30,000 titles": html("<title>x</title>" * 30_000),
    "a tree 100,000 deep": html(body="<div>" * 100_000 + STORY),
    "nothing but <": "<" * MANY,
    "elements that nothing closes": "<b>" * MANY,
    "elements without end": "<a href=x>" * (MANY // 2),
    "paragraphs without end": "<p>a" * MANY,
    "attributes without end": "<p " + " ".join(f"a{number}=1" for number in range(400_000)) + ">x</p>",
}


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader(seconds=60)  # usual pages take hundredths of a second, and more on a busy machine
    yield reader
    reader.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_page_is_bounded_in_memory(reader: Reader, name: str) -> None:
    reader.parse_page(html(), URL)
    before = memory(Path("/proc/self"))
    began = time.monotonic()
    assert reader.pid is not None
    with Watch(reader.pid) as watch, suppress(Unreadable):
        reader.parse_page(HOSTILE[name], URL, seconds=1)

    assert time.monotonic() - began < 60  # it does not hang
    assert watch.most < 50_000_000
    assert memory(Path("/proc/self")) - before < 50_000_000
    assert reader.parse_page(html(), URL).title == "Talks to go on"


def memory(process: Path) -> int:
    """Return the bytes of anonymous memory of a process."""
    lines = (process / "status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)


class Watch:
    """A watch on the memory of the children of a process: the most that one has beyond the parent's own."""

    def __init__(self, parent: int) -> None:
        self.most = 0
        self._parent = Path(f"/proc/{parent}")
        self._children = self._parent / "task" / str(parent) / "children"
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        base = memory(self._parent)
        while not self._over.wait(0.005):
            for child in self._children.read_text().split():
                try:
                    self.most = max(self.most, memory(Path(f"/proc/{child}")) - base)
                except OSError:
                    continue  # it has just ended


@pytest.mark.expensive("starts processes that read pages")
def test_ended_process_is_replaced(reader: Reader) -> None:
    reader.parse_page(html(), URL)
    first = reader.pid
    reader.close()

    assert reader.parse_page(html(), URL).title == "Talks to go on"
    assert reader.pid != first


@pytest.mark.parametrize(
    "content", ["", "   ", "<html></html>", "not a page", html(body="<p>Please turn on JavaScript</p>")]
)
def test_a_page_without_an_article_says_so(reader: Reader, content: str) -> None:
    with pytest.raises(Unreadable, match="No article"):
        reader.parse_page(content, URL)


def test_a_text_is_an_article_as_it_stands(reader: Reader) -> None:
    assert reader.parse_page(" Two\r\nlines\n", URL, "text/plain") == Page(text=" Two\r\nlines\n", url=URL)
    with pytest.raises(Unreadable):
        reader.parse_page("\n", URL, "text/plain")
