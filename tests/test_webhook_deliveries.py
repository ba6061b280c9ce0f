"""`dateline deliver`: what receivers are told, whatever they answer, and whenever a process ends.

The receivers are servers of the test's own; the time is the test's own too, where the schedule is in question.
"""

import datetime as dt
import json
import os
import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from threading import Thread
from uuid import uuid4

import anyio
import pytest
import standardwebhooks
from fastapi import FastAPI
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from app.core.vocab import DeliveryState, Noun, Operation
from app.database.engine import open_write_transaction
from app.database.models import Delivery, SavedSearch
from app.queries.revisions import Change
from app.store.leases import LeaseLost
from app.webhooks import deliveries
from app.webhooks.messages import MOST_BYTES, MOST_CHANGES, build_messages
from app.webhooks.schedule import ATTEMPTS, get_pause
from tests.conftest import Store, talking_to
from tests.properties import for_all
from tests.receiver import Answer, Json, Receiver, Sending, listening
from tests.test_cli import COMMAND, environment

HOUR = 3600.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as receiver:
        yield receiver


@pytest.fixture
def sending(application: FastAPI, empty_store: Store) -> Iterator[Sending]:
    with talking_to(application, empty_store) as client:
        client.headers |= empty_store.key()
        yield Sending(client, empty_store)


def verified(secret: str, receiver: Receiver) -> list[Json]:
    """Return the payloads that the receiver got, verified with this secret."""
    return [standardwebhooks.Webhook(secret).verify(hit.body, hit.headers) for hit in receiver.hits]


# What is told


def test_receiver_gets_each_change_once_signed_in_order(sending: Sending, receiver: Receiver) -> None:
    sending.source("Before")
    webhook = sending.add(receiver.url("/hook?token=1"))
    since = webhook["position"]
    ident = sending.source("The Herald")
    sending.client.patch(f"/sources/{ident}", json={"name": "The Daily Herald"})
    sending.client.delete(f"/sources/{ident}")

    assert sending.deliver() == {"made": 1, "delivered": 1}
    [payload] = verified(webhook["secret"], receiver)
    assert payload["type"] == "records.changed"
    assert payload["data"]["changes"] == sending.changes(since)
    assert [change["operation"] for change in payload["data"]["changes"]] == ["create", "update", "delete"]
    assert (payload["timestamp"], payload["data"]["revision"]) == (sending.changes()[-1]["revised_at"], since + 3)
    [hit] = receiver.hits
    assert (hit.path, hit.headers["content-type"]) == ("/hook?token=1", "application/json")
    assert hit.headers["user-agent"].startswith("Dateline/")

    assert sending.deliver(hours=1) == {}
    sending.source("After")
    assert sending.deliver() == {"made": 1, "delivered": 1}
    assert receiver.changes() == sending.changes(since)


def test_whole_history_comes_in_full_messages(application: FastAPI, store: Store, receiver: Receiver) -> None:
    with talking_to(application, store) as client:
        client.headers |= store.key()
        sending = Sending(client, store)
        sending.add(receiver.url(), since=0)
        made = sending.deliver()["made"]

        assert receiver.changes() == [change for page in all_changes(sending) for change in page]
    sizes = [len(hit.payload["data"]["changes"]) for hit in receiver.hits]
    assert made == len(sizes) > 3
    assert max(sizes) == MOST_CHANGES


def all_changes(sending: Sending) -> Iterator[list[Json]]:
    address = "/changes?limit=500"
    while address:
        page = sending.get(address)
        yield page["items"]
        address = page["next"]


def test_only_selected_changes_are_sent(sending: Sending, receiver: Receiver) -> None:
    sending.add(receiver.url("/speakers"), nouns=["speakers", "events"])
    sending.add(receiver.url("/deletions"), operations=["delete"])
    ident = sending.source("The Herald")
    sending.client.post("/speakers", json={"name": "A. Speaker", "kind": "person"})
    sending.client.delete(f"/sources/{ident}")

    assert sending.deliver() == {"made": 2, "delivered": 2}
    selected = {
        hit.path: [(change["noun"], change["operation"]) for change in hit.payload["data"]["changes"]]
        for hit in receiver.hits
    }
    assert selected == {"/speakers": [("speakers", "create")], "/deletions": [("sources", "delete")]}
    assert {item["position"] for item in sending.get("/webhooks")["items"]} == {sending.changes()[-1]["revision"]}


def test_saved_search_is_sent_with_matching_records(sending: Sending, receiver: Receiver) -> None:
    with open_write_transaction(sending.store.engine) as session:
        session.add(
            SavedSearch(
                slug="agencies", name="Agencies", noun=Noun.SOURCES, query="kind=news_agency", created_at=sending.now()
            )
        )
    webhook = sending.add(receiver.url(), search="agencies")
    assert webhook["search_slug"] == "agencies"
    sending.source("The Herald")
    wire = sending.source("The Wire", kind="news_agency")
    sending.deliver()

    assert sending.lines == []
    [change] = receiver.changes()
    assert (change["id"], change["operation"], change["item"]["name"]) == (wire, "create", "The Wire")


def test_broken_search_stops_its_webhook_alone(sending: Sending, receiver: Receiver) -> None:
    with open_write_transaction(sending.store.engine) as session:
        lost = SavedSearch(slug="l", name="L", noun=Noun.EVENTS, query="speaker=nobody", created_at=sending.now())
        session.add(lost)
    sending.add(receiver.url("/lost"), search="l")
    sending.add(receiver.url("/other"))
    sending.client.post("/events", json={"title": "Talks", "date": "2024-06-19", "type": "consult"})
    sending.deliver()

    assert [hit.path for hit in receiver.hits] == ["/other"]
    assert sending.get("/webhooks/1")["position"] < sending.get("/webhooks/2")["position"]


def of_size(size: int, revision: int) -> Change:
    item = f'"{"x" * size}"'
    return Change(revision, "2024-06-19T00:00:00Z", Noun.EVENTS, Operation.CREATE, revision, revision, item)


@for_all(sizes=st.lists(st.sampled_from([1, 5_000, 90_000, MOST_BYTES]), max_size=130))
def test_messages_hold_all_changes_within_bounds(sizes: list[int]) -> None:
    made = list(build_messages([of_size(size, place) for place, size in enumerate(sizes)]))
    bodies = [json.loads(message.body)["data"]["changes"] for message in made]

    assert [change["revision"] for changes in bodies for change in changes] == list(range(len(sizes)))
    assert [message.changes for message in made] == [len(changes) for changes in bodies]
    assert all(0 < len(changes) <= MOST_CHANGES for changes in bodies)
    assert all(len(message.body) < MOST_BYTES + 1000 for message in made)
    assert [change["item"] is None for changes in bodies for change in changes] == [
        size == MOST_BYTES for size in sizes
    ]


# What receivers answer


def test_receiver_back_up_gets_same_message(sending: Sending) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
    webhook = sending.add(f"http://127.0.0.1:{port}/hook")
    sending.source("The Herald")

    assert sending.deliver() == {"made": 1, "to be sent again": 1}
    [first] = sending.log()
    assert (first["state"], first["attempt_count"], first["http_status"]) == ("waiting", 1, None)
    assert "cannot be fetched" not in first["message_id"]
    with listening(port) as receiver:
        assert sending.deliver(seconds=3) == {}
        assert sending.deliver(seconds=4) == {"delivered": 1}
        verify = standardwebhooks.Webhook(webhook["secret"])
        assert receiver.hits[0].headers["webhook-signature"] == verify.sign(
            first["message_id"],
            dt.datetime.fromtimestamp(int(receiver.hits[0].headers["webhook-timestamp"]), dt.UTC),
            receiver.hits[0].body.decode(),
        )
    [delivery] = sending.log()
    assert (
        delivery["message_id"],
        delivery["state"],
        delivery["attempt_count"],
        delivery["http_status"],
        delivery["detail"],
    ) == (
        first["message_id"],
        "delivered",
        2,
        200,
        None,
    )


@pytest.mark.before_the_database
@pytest.mark.parametrize(
    ("answer", "status", "detail"),
    [
        (Answer(500), 500, "the receiver answered with status 500"),
        (Answer(404), 404, "the receiver answered with status 404"),
        (
            Answer(302, {"Location": "/elsewhere"}),
            302,
            "the receiver answered with status 302; redirects are not followed",
        ),
        (Answer(before=lambda: time.sleep(0.7)), None, "the address took too long to answer"),
    ],
    ids=["500", "404", "redirect", "slow"],
)
def test_what_is_no_success_is_sent_again(
    sending: Sending, receiver: Receiver, answer: Answer, status: int | None, detail: str
) -> None:
    receiver.answers = [answer]
    sending.add(receiver.url())
    sending.source("The Herald")

    assert sending.deliver() == {"made": 1, "to be sent again": 1}
    [logged] = sending.log()
    assert (logged["state"], logged["http_status"], logged["detail"]) == ("waiting", status, detail)
    assert 4 < sending.wait() < 7
    assert [hit.path for hit in receiver.hits] == ["/hook"]
    assert sending.deliver(seconds=7) == {"delivered": 1}
    assert len({hit.message for hit in receiver.hits}) == 1


def test_gone_receiver_is_disabled_until_activated(sending: Sending, receiver: Receiver) -> None:
    receiver.answers = [Answer(410)]
    sending.add(receiver.url())
    sending.source("The Herald")

    assert sending.deliver() == {"made": 1, "webhook disabled": 1}
    webhook = sending.get("/webhooks/1")
    assert (webhook["active"], "410" in webhook["disabled_reason"], webhook["disabled_at"] is None) == (
        False,
        True,
        False,
    )
    assert "disabled" in sending.lines[-1]
    sending.source("The Wire")
    assert sending.deliver(hours=1) == {}
    assert len(receiver.hits) == 1
    again = sending.client.patch("/webhooks/1", json={"active": True}).json()
    assert (again["active"], again["disabled_at"], again["disabled_reason"]) == (True, None, None)
    assert sending.deliver() == {"made": 1, "delivered": 2}
    assert receiver.changes() == sending.changes()


def test_unreached_receiver_is_disabled_after_last_attempt(sending: Sending, receiver: Receiver) -> None:
    receiver.always = lambda _: Answer(503)
    sending.add(receiver.url())
    sending.source("The Herald")
    waits = []
    assert sending.deliver()["made"] == 1
    for _ in range(ATTEMPTS - 1):
        assert sending.get("/webhooks/1")["active"]
        waits.append(sending.wait())
        sending.deliver(seconds=waits[-1] + 1)

    schedule = (5, 5 * 60, 30 * 60, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR)
    assert all(0.99 * planned - 1 < wait <= 1.2 * planned for planned, wait in zip(schedule, waits, strict=True))
    [failed] = sending.log()
    assert (failed["state"], failed["attempt_count"]) == ("failed", ATTEMPTS)
    webhook = sending.get("/webhooks/1")
    assert (webhook["active"], str(ATTEMPTS) in webhook["disabled_reason"]) == (False, True)
    assert len({hit.message for hit in receiver.hits}) == 1

    receiver.always = lambda _: Answer()
    sending.client.patch("/webhooks/1", json={"active": True})
    assert sending.deliver() == {"delivered": 1}
    assert receiver.changes() == sending.changes()


@pytest.mark.before_the_database
def test_failing_message_blocks_no_other(sending: Sending, receiver: Receiver) -> None:
    poisoned: list[str] = []

    def answer(hit: object) -> Answer:
        poisoned[:] = poisoned or [receiver.hits[0].message]
        return Answer(413 if receiver.hits[-1].message in poisoned else 200)

    receiver.always = answer
    sending.add(receiver.url())
    sending.source("The Herald")
    sending.deliver()
    sending.source("The Wire")
    assert sending.deliver(seconds=1) == {"made": 1, "delivered": 1}
    for _ in range(ATTEMPTS - 1):
        sending.deliver(days=2)

    assert [item["state"] for item in sending.log()] == ["failed", "delivered"]
    assert sending.get("/webhooks/1")["active"]


@pytest.mark.before_the_database
def test_retry_after_postpones_all_messages(sending: Sending, receiver: Receiver) -> None:
    receiver.answers = [Answer(429, {"Retry-After": "1800"})]
    sending.add(receiver.url())
    sending.source("The Herald")
    with open_write_transaction(sending.store.engine) as session:
        session.add_all(waiting(sending, 1, 3))

    assert sending.deliver() == {"made": 1, "to be sent again": 1}
    assert sending.deliver(minutes=29) == {}
    assert len(receiver.hits) == 1
    assert sending.deliver(minutes=2) == {"delivered": 4}
    receiver.answers = [Answer(503, {"Retry-After": "99999999"})]
    sending.source("The Wire")
    sending.deliver()
    assert 23 * HOUR < sending.wait(5) <= 24 * HOUR


def waiting(sending: Sending, webhook: int, count: int) -> list[Delivery]:
    now = sending.now() - dt.timedelta(seconds=1)
    return [
        Delivery(webhook_id=webhook, message_id=f"msg_{n}", body="{}", changes=0, created_at=now, due_at=now)
        for n in range(count)
    ]


@pytest.mark.before_the_database
def test_a_slow_receiver_keeps_no_other_waiting(sending: Sending, receiver: Receiver) -> None:
    receiver.always = lambda hit: Answer(before=lambda: time.sleep(0.35 if hit.path == "/slow" else 0))
    sending.add(receiver.url("/slow"))
    sending.add(receiver.url("/quick"))
    with open_write_transaction(sending.store.engine) as session:
        session.add_all(waiting(sending, 1, 2))
    sending.source("The Herald")
    sending.deliver()

    times = {path: [hit.at for hit in receiver.hits if hit.path == path] for path in ("/slow", "/quick")}
    assert (len(times["/slow"]), len(times["/quick"])) == (3, 1)
    assert times["/quick"][0] < times["/slow"][1]
    assert all(at - before > 0.3 for before, at in pairwise(times["/slow"]))


@pytest.mark.before_the_database
def test_slow_receiver_has_a_limit_of_waiting_messages(sending: Sending, receiver: Receiver) -> None:
    webhook = sending.add(receiver.url())
    with open_write_transaction(sending.store.engine) as session:
        later = sending.now() + dt.timedelta(hours=1)
        behind = waiting(sending, 1, deliveries.MAX_WAITING)
        for delivery in behind:
            delivery.due_at = later
        session.add_all(behind)
    sending.source("The Herald")

    assert sending.deliver() == {}
    assert sending.get("/webhooks/1")["position"] == webhook["position"]
    assert sending.deliver(hours=1)["made"] == 1
    assert receiver.changes() == sending.changes()


@for_all(attempts=st.integers(1, 30), retry_after=st.none() | st.integers(0, 10**9))
def test_pauses_grow_and_end(attempts: int, retry_after: int | None) -> None:
    wait, following = get_pause(attempts, retry_after), get_pause(attempts + 1, retry_after)

    assert (wait is None) == (attempts >= ATTEMPTS)
    assert wait is None or wait.total_seconds() >= max(5, retry_after or 0)
    assert wait is None or following is None or retry_after or following > wait


# What is inside


@pytest.mark.before_the_database
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("networks", [(), ("10.0.0.0/8", "fd00::/8")], ids=["none", "other"])
def test_private_networks_are_refused_by_default(sending: Sending, host: str, networks: tuple[str, ...]) -> None:
    sending.networks = networks
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0.1)
        sending.add(f"http://{host}:{inside.getsockname()[1]}/")
        sending.source("The Herald")

        assert sending.deliver() == {"made": 1, "to be sent again": 1}
        with pytest.raises(TimeoutError):
            inside.accept()
    assert "only addresses of the public web" in sending.log()[0]["detail"]


# Secrets


@pytest.mark.before_the_database
def test_old_secret_signs_for_a_day(sending: Sending, receiver: Receiver) -> None:
    old = sending.add(receiver.url())["secret"]
    new = sending.client.post("/webhooks/1/rotate").json()["secret"]
    sending.client.post("/webhooks/1/test")
    sending.deliver()

    assert verified(old, receiver) == verified(new, receiver)
    assert verified(new, receiver)[0]["type"] == "webhook.test"
    sending.client.post("/webhooks/1/test")
    sending.deliver(hours=25)
    assert len(receiver.hits[0].headers["webhook-signature"].split()) == 2
    assert len(receiver.hits[1].headers["webhook-signature"].split()) == 1
    sending.deliver()
    assert (sending.webhook().secret, sending.webhook().old_secret) == (new, None)


# Whatever happens


def test_two_deliverers_send_each_message_once(sending: Sending, receiver: Receiver) -> None:
    for path in ("/a", "/b", "/c"):
        sending.add(receiver.url(path), since=0)
    for number in range(3):
        sending.source(f"Outlet {number}")
    with open_write_transaction(sending.store.engine) as session:
        session.add_all(waiting(sending, 1, 10))
    deliverers = [sending.deliverer() for _ in range(2)]
    threads = [
        Thread(target=anyio.run, args=(lambda deliverer=deliverer: deliverer.run(once=True),))
        for deliverer in deliverers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Counter(hit.message for hit in receiver.hits).most_common(1)[0][1] == 1
    sent = sum((deliverer.counts for deliverer in deliverers), Counter[str]())
    assert sent["delivered"] == len(receiver.hits) == 10 + 3 * sent["made"] / 3
    assert {item["state"] for ident in (1, 2, 3) for item in sending.log(ident)} == {"delivered"}


@pytest.mark.before_the_database
def test_cancelled_delivery_is_left_to_next_worker(sending: Sending, receiver: Receiver) -> None:
    receiver.answers = [Answer(before=lambda: time.sleep(0.3))]
    sending.add(receiver.url())
    sending.source("The Herald")

    async def stop() -> None:
        deliverer = sending.deliverer()
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: deliverer.run(once=False))
            while not receiver.hits:
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()

    anyio.run(stop)

    assert sending.log()[0]["attempt_count"] == 0
    assert sending.deliver() == {"delivered": 1}
    assert len({hit.message for hit in receiver.hits}) == 1


def started(sending: Sending, **settings: str) -> "subprocess.Popen[str]":
    own = {"DATELINE_WEBHOOK_NETWORKS": "127.0.0.0/8", "DATELINE_LOG_FORMAT": "json", **settings}
    return subprocess.Popen(
        [COMMAND, "deliver"],
        env=environment(sending.store.url, **own),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.expensive("starts processes of the command")
def test_killed_sender_message_is_sent_again_with_its_id(sending: Sending, receiver: Receiver) -> None:
    sending.add(receiver.url())
    sending.source("The Herald")
    receiver.answers = [Answer(before=lambda: os.kill(process.pid, signal.SIGKILL))]
    with started(sending) as process:
        process.communicate(timeout=20)

    assert process.returncode == -signal.SIGKILL
    assert sending.deliver() == {}
    assert sending.deliver(seconds=80) == {"delivered": 1}
    assert [hit.message for hit in receiver.hits] == [receiver.hits[0].message] * 2
    assert receiver.changes() == sending.changes()


@pytest.mark.expensive("starts processes of the command")
@pytest.mark.before_the_database
def test_command_sends_changes_until_sigterm(sending: Sending, receiver: Receiver) -> None:
    secret = sending.add(receiver.url("/hook?token=confidential"))["secret"]
    with started(sending) as process:
        sending.source("The Herald")
        wait_for(lambda: receiver.taken)
        receiver.always = lambda _: Answer(410)
        sending.source("The Wire")
        wait_for(lambda: not sending.get("/webhooks/1")["active"])
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=20)

    assert process.returncode == 0
    assert "2 messages made." in output
    assert "Sent: 1 delivered, 0 to be sent again, 0 failed, 1 webhook disabled." in output
    assert '"event": "webhook disabled"' in output
    assert "Traceback" not in output
    assert not [word for word in ("confidential", secret, secret.removeprefix("whsec_")) if word in output]


@pytest.mark.before_the_database
def test_delivered_messages_are_deleted_after_a_month(sending: Sending, receiver: Receiver) -> None:
    receiver.answers = [Answer(), Answer(500)]
    sending.add(receiver.url())
    for name in ("The Herald", "The Wire"):
        sending.source(name)
        sending.deliver()
    with open_write_transaction(sending.store.engine) as session:
        session.get_one(Delivery, 2).due_at = sending.now() + dt.timedelta(days=60)

    sending.deliver(days=29)
    assert [item["id"] for item in sending.log()] == [1, 2]
    sending.deliver(days=2)
    assert [item["id"] for item in sending.log()] == [2]


# Each step is a write, an end of the deliverer at one of the points at which it can end, or a delivery.
STEPS = st.lists(
    st.sampled_from(["add", "change", "delete", "add", "make", "claim", "send", "refuse", "deliver"]), max_size=14
)


def make(sending: Sending, webhook: int) -> None:
    """End the deliverer after it made messages, before it sent any."""
    deliveries.make_deliveries(sending.store.engine, webhook, sending.now())


def claim(sending: Sending, webhook: int) -> deliveries.DeliveryLease | None:
    """End the deliverer after it leased a delivery."""
    now = sending.now()
    return deliveries.acquire(sending.store.engine, webhook, now, due_by=now, until=now + dt.timedelta(seconds=60))


def send(sending: Sending, webhook: int) -> None:
    """End the deliverer after a message has reached its receiver, before it recorded that."""
    claimed = claim(sending, webhook)
    if claimed is not None:
        anyio.run(sending.deliverer().send, claimed)


def take(step: str, sending: Sending, receiver: Receiver, webhook: int) -> None:
    crashes = {"make": make, "claim": claim, "send": send}
    sources = sending.get("/sources?limit=1")["items"]
    if step in crashes:
        crashes[step](sending, webhook)
    elif step == "add" or (step in ("change", "delete") and not sources):
        sending.source(f"Outlet {uuid4()}")
    elif step == "change":
        sending.client.patch(f"/sources/{sources[0]['id']}", json={"name": f"Outlet {uuid4()}"})
    elif step == "delete":
        sending.client.delete(f"/sources/{sources[0]['id']}")
    else:
        receiver.answers[:] = [Answer(500)] if step == "refuse" else []
        sending.deliver()


@for_all(steps=STEPS)
@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_change_arrives_whatever_ends_the_sender(sending: Sending, receiver: Receiver, steps: list[str]) -> None:
    receiver.taken.clear()
    webhook = sending.add(receiver.url())
    for step in steps:
        take(step, sending, receiver, webhook["id"])
        sending.later += dt.timedelta(seconds=40)
    receiver.answers.clear()
    while sending.deliver(hours=1):
        pass

    received = [tuple(change.items()) for change in receiver.changes()]
    happened = [tuple(change.items()) for change in sending.changes(webhook["position"])]
    sending.client.delete(f"/webhooks/{webhook['id']}")
    assert len(received) == len(happened)
    assert set(received) == set(happened)


@pytest.mark.before_the_database
def test_lease_of_changed_message_is_lost(sending: Sending, receiver: Receiver) -> None:
    sending.add(receiver.url())
    sending.source("The Herald")
    make(sending, 1)
    claimed = claim(sending, 1)
    assert claimed is not None
    sending.client.post("/webhooks/1/deliveries/1/retry")

    with pytest.raises(LeaseLost):
        deliveries.record_outcome(sending.store.engine, claimed, sending.now(), deliveries.Attempt(410, "gone"))
    assert sending.get("/webhooks/1")["active"]
    assert sending.row(Delivery).state == DeliveryState.WAITING
