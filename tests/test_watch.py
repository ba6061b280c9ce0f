"""`dateline watch`: what it asks of hosts, how politely, and what becomes of it in the store.

The hosts are one server of the test's own, under two names; each request that it gets is kept with its time.
"""

import datetime as dt
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Event, Thread
from typing import Any

import anyio
import pytest
from hypothesis import strategies as st

from app.capture.feeds import robots
from app.capture.feeds.host_schedule import DAY
from app.capture.feeds.watcher import Watcher, back_off
from app.core.vocab import FeedFormat, FeedItemState, FeedResult
from app.database.engine import open_read_transaction
from app.database.models import Document, Feed, FeedItem, Revision
from app.fetch import Fetcher
from app.queries import lookups
from app.schemas.feed import FeedCreate, FeedUpdate
from app.store import feeds, revisions
from tests.conftest import Store, Templates, settings_for
from tests.properties import for_all
from tests.test_cli import COMMAND, Dateline, dateline, environment

__all__ = ["dateline"]  # the fixture

WORDS = "The delegations met in the old town hall and agreed to go on with their talks in the coming week. "


def page(title: str, text: str = "") -> str:
    paragraphs = "".join(f"<p>{paragraph} {WORDS * 3}</p>" for paragraph in (title, text, "Nobody was hurt."))
    return (
        f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1>{paragraphs}</article></body></html>"
    )


@dataclass
class Answer:
    body: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None


@dataclass
class Hit:
    at: float
    path: str
    headers: dict[str, str]


@dataclass
class Web:
    """A server that answers what ``answers`` says; a feed's entries are kept apart, so that tests can change them."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def feed(self, path: str = "/rss", **items: str) -> str:
        """Announce items, by the names of their pages, with what the feed says of their last change."""
        listed = "".join(f"<item><link>/{name}</link><pubDate>{at}</pubDate></item>" for name, at in items.items())
        body = f"<rss version='2.0'><channel><title>The Herald</title>{listed}</channel></rss>"
        self.answers[path] = Answer(body, headers={"Content-Type": "application/rss+xml", "ETag": f'"{hash(body)}"'})
        for name in items:
            self.answers.setdefault(f"/{name}", Answer(page(f"About {name}")))
        return self.url(path)

    def take_paths(self) -> list[str]:
        """Return the requested paths, except of robots.txt, since the last call."""
        paths = [hit.path for hit in self.hits if hit.path != "/robots.txt"]
        self.hits.clear()
        return paths

    def answer(self, request: BaseHTTPRequestHandler) -> Answer:
        self.hits.append(Hit(time.monotonic(), request.path, dict(request.headers)))
        answer = self.answers.get(request.path, Answer(status=404))
        answer.before()
        tag = answer.headers.get("ETag")
        return Answer(status=304) if tag and tag == request.headers.get("If-None-Match") else answer


def handler(web: Callable[[], Web]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = web().answer(self)
            body = answer.body.encode()
            self.send_response(answer.status)
            headers = {"Content-Type": "text/html; charset=utf-8", **answer.headers, "Content-Length": str(len(body))}
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@pytest.fixture
def web() -> Iterator[Web]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(lambda: site)) as server:
        site = Web(server.server_port)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield site
        server.shutdown()
        thread.join()


@dataclass
class Herald:
    """A store with feeds, and a web for them."""

    store: Store
    web: Web
    lines: list[str] = field(default_factory=list)
    later: dt.timedelta = dt.timedelta()

    def add(self, url: str, **values: Any) -> int:
        with revisions.write(self.store.engine, author="tests", message="") as session:
            ident = feeds.add_feed(session, FeedCreate(url=url, **{"extract": False, **values})).id
        assert ident is not None
        return ident

    def watcher(self, delay: float = 0.0) -> Watcher:
        settings = settings_for(self.store.url).model_copy(update={"crawl_delay": delay})
        fetcher = Fetcher(timeout=5, allowed=lambda _: True, ports={self.web.port})
        return Watcher(self.store.engine, settings, fetcher=fetcher, report=self.lines.append, now=self.now)

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.later

    def watch(self, *, delay: float = 0.0) -> dict[str, int]:
        """Do what is due; returns what became of it."""
        watcher = self.watcher(delay)
        anyio.run(lambda: watcher.run(once=True))
        return dict(watcher.counts)

    def watch_later(self, **after: float) -> dict[str, int]:
        self.later += dt.timedelta(**after)
        return self.watch()

    def one(self, ident: int = 1) -> Feed:
        with open_read_transaction(self.store.engine) as session:
            return feeds.find_feed(session, ident)

    def all(self, model: type[Any]) -> list[Any]:
        with open_read_transaction(self.store.engine) as session:
            return list(lookups.list_rows(session, model))

    def items(self) -> dict[str, FeedItem]:
        return {item.url.rpartition("/")[2]: item for item in self.all(FeedItem)}

    def wait(self, ident: int = 1) -> float:
        """Seconds until the feed is due."""
        return (self.one(ident).due_at - self.now()).total_seconds()


@pytest.fixture
def herald(empty_store: Store, web: Web) -> Herald:
    return Herald(empty_store, web)


@pytest.fixture
def asking(templates: Templates, web: Web) -> Iterator[Herald]:
    """For what is between the watcher and the hosts, whatever database it keeps its books in."""
    with templates.copy("sqlite", "migrated") as copy:
        yield Herald(copy, web)


# What is new


def test_announced_items_are_fetched_and_stored_once(herald: Herald) -> None:
    herald.add(herald.web.feed(a="1", b="1"))

    assert herald.watch() == {"feeds": 1, "new": 2, "stored": 2}
    assert sorted(herald.web.take_paths()) == ["/a", "/b", "/rss"]
    feed = herald.one()
    assert (feed.result, feed.format, feed.title) == (FeedResult.NEW, FeedFormat.RSS, "The Herald")
    assert (feed.items, feed.documents, feed.failures) == (2, 2, 0)
    assert 800 < herald.wait() <= 900
    assert {item.title for item in herald.all(Document)} == {"About a", "About b"}

    assert herald.watch_later(minutes=14) == {}
    assert herald.watch_later(minutes=2) == {"feeds": 1}
    assert herald.web.hits[-1].headers["If-None-Match"].startswith('"')
    assert herald.web.take_paths() == ["/rss"]
    assert herald.one().result == FeedResult.UNCHANGED


def test_changed_item_is_fetched_again_and_supersedes(herald: Herald) -> None:
    herald.add(herald.web.feed(a="1", b="1", c="1"))
    herald.watch()
    herald.web.take_paths()
    herald.web.answers["/a"] = Answer(page("About a", "The talks were broken off."))
    herald.web.feed(a="2", b="2", c="1")

    assert herald.watch_later(hours=1) == {"feeds": 1, "new": 2, "stored": 1, "unchanged": 1}
    assert sorted(herald.web.take_paths()) == ["/a", "/b", "/rss"]
    documents = herald.all(Document)
    [old] = [document for document in documents if document.title == "About a" and document.supersedes_id is None]
    [new] = [document for document in documents if document.supersedes_id is not None]
    assert (new.supersedes_id, new.title, new.source_id) == (old.id, "About a", old.source_id)
    assert herald.items()["a"].document_id == new.id
    assert len(documents) == 4


def test_document_source_is_feeds_or_hosts(store: Store, web: Web) -> None:
    herald = Herald(store, web)
    before = len(herald.all(Document))
    own = herald.add(web.feed(a="1"), source="meduza")
    herald.add(web.feed("/other", b="1"))

    assert herald.watch()["stored"] == 2
    first, second = herald.all(Document)[before:]
    assert herald.one(own).source_id in (first.source_id, second.source_id)
    assert first.source_id != second.source_id


def test_a_check_that_brings_nothing_makes_no_revision(herald: Herald) -> None:
    herald.add(herald.web.feed(a="1"))
    herald.watch()
    before = herald.all(Revision)
    herald.web.feed(a="2")
    herald.watch_later(hours=1)

    assert herald.all(Revision) == before
    assert {revision.author for revision in before} == {"dateline watch"}


def test_sitemap_index_is_followed_one_level(asking: Herald) -> None:
    def listed(kind: str, entry: str, *paths: str) -> Answer:
        urls = "".join(f"<{entry}><loc>{asking.web.url(path)}</loc></{entry}>" for path in paths)
        return Answer(f"<{kind}>{urls}</{kind}>", headers={"Content-Type": "application/xml"})

    asking.web.answers |= {
        "/index": listed("sitemapindex", "sitemap", "/one.xml", "/two.xml"),
        "/one.xml": listed("urlset", "url", "/a"),
        "/two.xml": listed("sitemapindex", "sitemap", "/three.xml"),
        "/a": Answer(page("About a")),
    }
    asking.add(asking.web.url("/index"))

    assert asking.watch()["stored"] == 1
    assert asking.web.take_paths() == ["/index", "/one.xml", "/two.xml", "/a"]
    assert asking.one().format == FeedFormat.SITEMAP


# Manners


def test_what_robots_txt_closes_is_never_asked_for(asking: Herald) -> None:
    rules = "User-agent: *\nDisallow: /\n\nUser-agent: dateline\nDisallow: /b\nDisallow: /*.pdf$"
    asking.web.answers["/robots.txt"] = Answer(rules, headers={"Content-Type": "text/plain"})
    asking.add(asking.web.feed(a="1", b="1"))
    asking.add(asking.web.url("/bad"))

    assert asking.watch() == {"feeds": 2, "new": 2, "stored": 1, "refused": 1, "failed to answer": 1}
    assert [hit.path for hit in asking.web.hits].count("/robots.txt") == 1
    assert sorted(asking.web.take_paths()) == ["/a", "/rss"]
    assert (asking.items()["b"].state, asking.one(2).result) == (FeedItemState.REFUSED, FeedResult.REFUSED)
    assert "robots.txt" in (asking.items()["b"].detail or "")


@pytest.mark.parametrize("status", [500, 503, 429])
def test_unreadable_robots_txt_blocks_the_host(asking: Herald, status: int) -> None:
    asking.web.answers["/robots.txt"] = Answer(status=status)
    asking.add(asking.web.feed(a="1"))
    asking.add(asking.web.feed("/other", b="1"))

    assert asking.watch() == {"feeds": 2, "failed to answer": 2}
    assert [hit.path for hit in asking.web.hits] == ["/robots.txt"]
    assert asking.one().detail == "the robots.txt of the host cannot be read"


@pytest.mark.parametrize("agents", ["User-agent: somebody\n", "".join(f"User-agent: a{n}\n" for n in range(15_000))])
def test_rules_for_others_cost_nothing_and_do_not_bind(agents: str) -> None:
    began = time.process_time()
    rules = robots.parse(agents + "".join(f"Disallow: /{n}*\n" for n in range(15_000)) + "Disallow: /")

    assert rules.allows("https://herald.example/a")
    assert robots.parse(agents + "User-agent: *\nCrawl-delay: 7\nDisallow: /a").delay == 7
    assert not robots.parse("User-agent: Dateline/1.0\nDisallow: /").allows("https://herald.example/")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(("delay", "rules"), [(0.15, ""), (0.0, "User-agent: *\nCrawl-delay: 0.15")])
def test_host_gets_one_request_at_a_time_with_pauses(asking: Herald, delay: float, rules: str) -> None:
    asking.web.answers["/robots.txt"] = Answer(rules, headers={"Content-Type": "text/plain"})
    asking.add(asking.web.feed(a="1", b="1"))
    asking.add(asking.web.feed("/other", c="1"))

    assert asking.watch(delay=delay)["stored"] == 3
    times = [hit.at for hit in asking.web.hits]
    assert len(times) == 6
    # The first pause is before the rules are known.
    assert all(after - before > 0.14 for before, after in pairwise(times[1:]))


def test_items_wait_while_host_asks_to_be_left_alone(asking: Herald) -> None:
    asking.add(asking.web.feed(a="1", b="1"))
    asking.web.answers["/a"] = Answer(status=429, headers={"Retry-After": "7200"})

    counts = asking.watch()

    assert (counts["waiting"], counts.get("stored", 0)) == (2, 0)
    assert asking.web.take_paths() == ["/rss", "/a"]
    assert 7100 < asking.wait() <= 7200
    assert {(item.state, item.failures) for item in asking.items().values()} == {(FeedItemState.WAITING, 0)}
    asking.web.answers["/a"] = Answer(page("About a"))
    assert asking.watch_later(hours=2, seconds=1) == {"feeds": 1, "stored": 2}


def test_retry_after_delays_next_check(asking: Herald) -> None:
    ident = asking.add(asking.web.feed(a="1"))
    asking.web.answers["/rss"] = Answer(status=503, headers={"Retry-After": "20000"})
    asking.watch()

    assert asking.one(ident).result == FeedResult.FAILED
    assert 19_900 < asking.wait(ident) <= 20_000


def test_ttl_delays_next_check(asking: Herald) -> None:
    asking.add(asking.web.feed(a="1"))
    answer = asking.web.answers["/rss"]
    answer.body = answer.body.replace("<item>", "<ttl>180</ttl><item>", 1)
    asking.watch()
    assert 10_700 < asking.wait() <= 10_800

    asking.watch_later(hours=4)  # 304
    assert 10_700 < asking.wait() <= 10_800


# Failures


def test_failing_feed_backs_off_until_it_answers(asking: Herald) -> None:
    asking.add(asking.web.feed(a="1"), interval=600)
    good, asking.web.answers["/rss"] = asking.web.answers["/rss"], Answer(status=500)
    waits = []
    for _ in range(3):
        assert asking.watch_later(hours=3) == {"feeds": 1, "failed to answer": 1}
        waits.append(asking.wait() / 600)

    assert [int(wait / times * 10) for wait, times in zip(waits, (2, 4, 8), strict=True)] == pytest.approx(
        [10.5] * 3, abs=1
    )
    feed = asking.one()
    assert (feed.failures, feed.result, feed.detail) == (3, "failed", "the address answered with status 500")
    asking.web.answers["/rss"] = good
    assert asking.watch_later(hours=3)["stored"] == 1
    assert (asking.one().failures, asking.one().detail) == (0, None)


@for_all(st.integers(60, 2_592_000), st.integers(1, 10_000))
def test_backoff_ends_at_a_day_or_the_interval(interval: int, failures: int) -> None:
    assert interval <= back_off(interval, failures) <= max(interval, DAY) * 1.2


def test_a_feed_that_is_gone_is_watched_no_more(asking: Herald) -> None:
    asking.web.answers["/rss"] = Answer(status=410)
    asking.add(asking.web.url("/rss"))
    asking.watch()

    assert not asking.one().active
    assert "gone" in (asking.one().detail or "")
    assert asking.watch_later(days=9) == {}


def test_page_that_is_no_feed_is_reported(asking: Herald) -> None:
    asking.web.answers["/rss"] = Answer(page("A page"))
    asking.add(asking.web.url("/rss"))
    asking.watch()

    assert (asking.one().result, asking.one().detail) == (FeedResult.FAILED, "it is a web page, not a feed")
    assert asking.lines == [f"feed 1 {asking.web.url('/rss')}: failed: it is a web page, not a feed"]


def test_failing_item_has_three_attempts_until_changed(asking: Herald) -> None:
    asking.add(asking.web.feed(a="1", b="1"))
    asking.web.answers["/a"] = Answer(status=404)

    assert asking.watch() == {"feeds": 1, "new": 2, "stored": 1, "failed": 1}
    assert (asking.items()["a"].state, asking.one().documents) == (FeedItemState.WAITING, 1)
    assert [asking.watch_later(hours=1).get("failed", 0) for _ in range(3)] == [1, 1, 0]
    item = asking.items()["a"]
    assert (item.state, item.failures, item.detail) == ("failed", 3, "the address answered with status 404")
    asking.web.answers["/a"] = Answer(page("About a"))
    asking.web.feed(a="2", b="1")
    assert asking.watch_later(hours=1)["stored"] == 1
    assert asking.items()["a"].detail is None


# More than one at a time


def test_two_watchers_fetch_each_page_once(herald: Herald) -> None:
    for name in "abcd":
        herald.add(herald.web.feed(f"/{name}.xml", **{f"{name}1": "1", f"{name}2": "1"}))
    watchers = [herald.watcher(), herald.watcher()]

    async def both() -> None:
        async with anyio.create_task_group() as group:
            for watcher in watchers:
                group.start_soon(lambda watcher: watcher.run(once=True), watcher)

    anyio.run(both)

    assert sum(watcher.counts["stored"] for watcher in watchers) == 8
    paths = herald.web.take_paths()
    assert len(paths) == len(set(paths)) == 12


def test_feed_changed_during_check_loses_lease(herald: Herald) -> None:
    ident = herald.add(herald.web.feed(a="1", b="1"))

    def change() -> None:
        with revisions.write(herald.store.engine, author="tests", message="") as session:
            feeds.change_feed(session, feeds.find_feed(session, ident), FeedUpdate(title="Another"))

    herald.web.answers["/a"].before = change
    herald.watch()

    assert herald.all(Document) == []
    assert "it was changed meanwhile" in herald.lines[-1]
    assert (herald.one().title, herald.wait() < 0) == ("Another", True)


@pytest.mark.expensive("starts processes of the command")
def test_cancelled_watcher_loses_nothing(herald: Herald) -> None:
    herald.add(herald.web.feed(a="1", b="1"))
    reached, go_on = Event(), Event()

    def hang() -> None:
        reached.set()
        go_on.wait(5)

    herald.web.answers["/b"].before = hang

    async def stopped() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: herald.watcher().run(once=False))
            await anyio.to_thread.run_sync(reached.wait, 5)
            group.cancel_scope.cancel()

    anyio.run(stopped)
    go_on.set()

    assert [item.state for item in herald.items().values()] == ["waiting", "stored"]
    assert (herald.one().documents, herald.wait() <= 0) == (1, True)
    assert herald.watch() == {"feeds": 1, "stored": 1}


# The command


def test_command_does_due_work_and_prints_summary(dateline: Dateline, empty_store: Store, herald: Herald) -> None:
    herald.add("http://127.0.0.1/rss")  # which it may not ask
    result = dateline(empty_store.url, "watch", "--once")

    assert result.exit_code == 0
    assert "feed 1 http://127.0.0.1/rss: refused: only addresses of the public web" in result.output
    assert "1 feeds asked, 1 failed to answer." in result.output
    assert herald.one().result == FeedResult.REFUSED
    assert "0 feeds asked" in dateline(empty_store.url, "watch", "--once", "--feed", "1").output


def test_command_refuses_unknown_feed(dateline: Dateline, empty_store: Store) -> None:
    result = dateline(empty_store.url, "watch", "--once", "--feed", "7")

    assert (result.exit_code, "There is no feed 7." in result.output) == (1, True)


def test_broken_store_ends_command_with_plain_message(dateline: Dateline, empty_store: Store) -> None:
    with empty_store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE feed RENAME TO gone")
    result = dateline(empty_store.url, "watch", "--once")

    assert result.exit_code == 1
    assert result.output.startswith("The store cannot be used")


@pytest.mark.expensive("starts processes of the command")
def test_command_ends_on_sigterm(asking: Herald) -> None:
    asking.add("http://127.0.0.1/rss")
    with subprocess.Popen(
        [COMMAND, "watch"],
        env=environment(asking.store.url),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert "refused" in process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=20)

    assert (process.returncode, rest.splitlines()[0]) == (0, "1 feeds asked, 1 failed to answer.")
