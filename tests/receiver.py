"""A receiver of webhooks on 127.0.0.1, and a store whose deliverer may reach it, with a clock that tests can move."""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread
from typing import Any

import anyio
from fastapi.testclient import TestClient

from app.core.config import Settings
from app.database.engine import open_read_transaction
from app.database.models import Delivery, Webhook
from app.queries import lookups
from app.webhooks import Deliverer
from tests.conftest import Store, settings_for

Json = dict[str, Any]


@dataclass
class Hit:
    """A received request."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def message(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> Json:
        payload: Json = json.loads(self.body)
        return payload


@dataclass
class Answer:
    """A response to send, and a function to call before it is sent."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[], object] = lambda: None


@dataclass
class Receiver:
    """A server that sends the ``answers`` in order, and afterwards the one of ``always``.

    ``taken`` are the requests that it answered with a 2xx.
    """

    port: int
    answers: list[Answer] = field(default_factory=list)
    always: Callable[[Hit], Answer] = lambda _: Answer()
    hits: list[Hit] = field(default_factory=list)
    taken: list[Hit] = field(default_factory=list)

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def changes(self) -> list[Json]:
        """Return the received changes in order, those of a repeated message once."""
        payloads = {hit.message: hit.payload for hit in self.taken}
        return [change for payload in payloads.values() for change in payload.get("data", {}).get("changes", [])]

    def answer(self, hit: Hit) -> Answer:
        self.hits.append(hit)
        answer = self.answers.pop(0) if self.answers else self.always(hit)
        answer.before()
        if 200 <= answer.status < 300:
            self.taken.append(hit)
        return answer


def _handler(receiver: Callable[[], Receiver]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = receiver().answer(Hit(self.path, headers, body))
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def listening(port: int = 0) -> Iterator[Receiver]:
    with ThreadingHTTPServer(("127.0.0.1", port), _handler(lambda: receiver)) as server:
        server.daemon_threads = True
        receiver = Receiver(server.server_port)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Sending:
    """A store that a test writes to over HTTP, and whose messages it delivers at a time of its choice."""

    client: TestClient
    store: Store
    lines: list[str] = field(default_factory=list)
    later: dt.timedelta = dt.timedelta()
    networks: tuple[str, ...] = ("127.0.0.0/8",)

    def add(self, url: str, **values: Any) -> Json:
        answer = self.client.post("/webhooks", json={"url": url, **values})
        assert answer.status_code == 201, answer.text
        added: Json = answer.json()
        return added

    def source(self, name: str, **values: Any) -> int:
        answer = self.client.post("/sources", json={"name": name, "kind": "online", **values})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def log(self, webhook: int = 1) -> list[Json]:
        """Return the messages to a webhook, the oldest one first."""
        items: list[Json] = self.get(f"/webhooks/{webhook}/deliveries?sort=id")["items"]
        return items

    def changes(self, since: int = 0) -> list[Json]:
        items: list[Json] = self.get(f"/changes?limit=500&since={since}")["items"]
        return items

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.later

    def settings(self) -> Settings:
        networks = [ip_network(network) for network in self.networks]
        return settings_for(self.store.url).model_copy(update={"fetch_timeout": 0.4, "webhook_networks": networks})

    def deliverer(self) -> Deliverer:
        return Deliverer(self.store.engine, self.settings(), report=self.lines.append, now=self.now)

    def deliver(self, **after: float) -> dict[str, int]:
        """Move the clock by ``after``, send the due messages, and return the number of each outcome."""
        self.later += dt.timedelta(**after)
        deliverer = self.deliverer()
        anyio.run(lambda: deliverer.run(once=True))
        return {str(word): count for word, count in deliverer.counts.items() if count}

    def wait(self, delivery: int = 1) -> float:
        """Return the seconds until a message is due."""
        due_at: dt.datetime = self.row(Delivery, delivery).due_at
        return (due_at - self.now()).total_seconds()

    def row(self, model: type[Any], ident: int = 1) -> Any:
        with open_read_transaction(self.store.engine) as session:
            return lookups.find_row(session, model, id=ident)

    def webhook(self, ident: int = 1) -> Webhook:
        webhook: Webhook = self.row(Webhook, ident)
        return webhook
