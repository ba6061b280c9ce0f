"""Tokens: keys that may stand in addresses, for readers that cannot send headers."""

import html
import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.api.routers import responses
from app.core.vocab import Scope
from app.database.engine import open_write_transaction
from app.main import create_app
from app.store import api_keys
from tests.conftest import Store, settings_for, talking_to
from tests.test_cli import Dateline, dateline, environment, serving

__all__ = ["dateline"]  # the fixture

LISTS = ["/events", "/events?format=csv", "/events/1/sources", "/search?q=treaty", "/changes", "/events/1/history"]
LISTS += ["/integrations/grafana/annotations", "/integrations/timemap/events.json"]
OTHERS = ["/events/1", "/sources/meduza?as_of=1", "/metrics", "/feeds", "/feeds/1", "/feeds/1/items", "/imports"]


def token_of(store: Store, *paths: str) -> str:
    with open_write_transaction(store.engine) as session:
        return api_keys.create_key(session, name="reader", scopes=[Scope.FEEDS], paths=paths)[1]


def with_token(address: str, token: str) -> str:
    return f"{address}{'&' if '?' in address else '?'}token={token}"


@pytest.fixture(scope="session")
def private_application(backend: str) -> FastAPI:
    settings = settings_for("sqlite:////nowhere/never-opened.db")
    return create_app(settings.model_copy(update={"public_reads": False}))


@pytest.fixture(params=["public", "private"])
def anybody(
    request: pytest.FixtureRequest, application: FastAPI, private_application: FastAPI, store: Store
) -> Iterator[TestClient]:
    """HTTP without a key, where everybody may read and where nobody may."""
    with talking_to(application if request.param == "public" else private_application, store) as client:
        yield client


@pytest.fixture
def private(private_application: FastAPI, store: Store) -> Iterator[TestClient]:
    with talking_to(private_application, store) as client:
        yield client


# Made by the command


def test_the_command_makes_a_token_that_can_be_told_and_revoked(
    private: TestClient, store: Store, dateline: Dateline
) -> None:
    token = dateline(store.url, "key", "create", "reader", "--scope", "feeds", "--path", "/events").stdout.strip()

    assert re.fullmatch(r"dlr_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}", token)
    assert private.get(f"/events?token={token}").status_code == 200
    assert re.search(r"reader\W+feeds\W+/events", dateline(store.url, "key", "list").stdout)
    dateline(store.url, "key", "revoke", token[4:12])
    assert private.get(f"/events?token={token}").status_code == 401


@pytest.mark.parametrize(
    "arguments",
    [
        ("--scope", "feeds", "--scope", "read"),
        ("--scope", "write", "--path", "/events"),
        ("--scope", "feeds", "--path", "events"),
        ("--scope", "feeds", "--path", "/events/"),
        ("--scope", "feeds", "--path", "/events?date=2024-06-19"),
    ],
)
@pytest.mark.before_the_database
def test_a_token_is_for_reading_alone_and_bound_to_addresses_alone(
    store: Store, dateline: Dateline, arguments: tuple[str, ...]
) -> None:
    assert dateline(store.url, "key", "create", "reader", *arguments).exit_code == 1


# What it reads


def test_a_token_reads_lists_in_an_address_and_in_a_header(anybody: TestClient, store: Store) -> None:
    token = token_of(store)

    for address in (*LISTS, *LISTS):  # new, and kept
        assert anybody.get(with_token(address, token)).status_code == 200, address
        assert anybody.head(with_token(address, token)).status_code == 200, address
        assert anybody.get(address, headers={"Authorization": f"Bearer {token}"}).status_code == 200, address


def test_a_token_reads_nothing_else(anybody: TestClient, store: Store) -> None:
    token, key = token_of(store), store.key(Scope.READ)

    for address in OTHERS:
        assert anybody.get(address, headers=key).status_code == 200, address  # and is kept now
        assert anybody.get(with_token(address, token)).status_code == 403, address
        assert anybody.get(address, headers={"Authorization": f"Bearer {token}"}).status_code == 403, address


def test_a_token_is_bound_to_its_paths_and_what_is_below_them(anybody: TestClient, store: Store) -> None:
    token = token_of(store, "/events/1", "/sources")
    told = {
        address: anybody.get(f"{address}?token={token}").status_code
        for address in ("/events/1/sources", "/sources", "/sources/meduza/events", "/events", "/events/14/sources")
    }
    anybody.get("/events", headers=store.key(Scope.READ))  # is kept now

    assert list(told.values()) == [200, 200, 200, 403, 403]
    assert anybody.get("/events", headers={"Authorization": f"Bearer {token}"}).status_code == 403


def test_behind_a_root_path_the_paths_are_those_below_it(store: Store) -> None:
    token = token_of(store, "/events")
    settings = settings_for(store.url).model_copy(update={"root_path": "/dateline", "public_reads": False})
    with TestClient(create_app(settings)) as client:
        for _ in range(2):
            answer = client.get(f"/events?limit=1&token={token}")
            assert answer.status_code == 200
        assert answer.json()["next"].startswith("/dateline/events?limit=1&cursor=")
        assert client.get(f"/sources?token={token}").status_code == 403


@pytest.mark.parametrize(
    ("method", "address"),
    [("POST", "/sources"), ("PATCH", "/sources/meduza"), ("DELETE", "/sources/meduza"), ("POST", "/imports")],
)
@pytest.mark.before_the_database
def test_a_token_never_writes(client: TestClient, store: Store, method: str, address: str) -> None:
    token = token_of(store)
    body = {"name": "Herald", "kind": "newspaper"}
    headers = {"Authorization": f"Bearer {token}"}

    assert client.request(method, f"{address}?token={token}", json=body).status_code == 403
    assert client.request(method, address, json=body, headers=headers).status_code == 403
    assert client.request(method, f"{address}?token={token}", json=body, headers=store.key()).status_code == 401


@pytest.mark.parametrize("scope", [Scope.READ, Scope.ADMIN])
def test_another_key_is_refused_in_an_address_with_advice(anybody: TestClient, store: Store, scope: Scope) -> None:
    key = store.key(scope)["Authorization"].removeprefix("Bearer ")
    answer = anybody.get(f"/events?token={key}")

    assert answer.status_code == 401
    assert "Revoke it" in answer.json()["detail"]
    assert key not in answer.text


NO_TOKENS = [
    "token=",
    "token=nonsense",
    "token=dlr_AAAAAAAA_" + "A" * 32,
    "token=%FF%00",
    "limit=1&token=\xf0\x9f\x98\x80",
    "token={token}&token={token}",
    "token={token}x",
    "token={token}%20",
]


def test_what_is_no_token_is_refused_even_where_everybody_may_read(anybody: TestClient, store: Store) -> None:
    token = token_of(store)

    for query in NO_TOKENS:
        answer = anybody.get(f"/events?{query.format(token=token)}")
        assert (answer.status_code, answer.headers["Referrer-Policy"]) == (401, "no-referrer"), query
        assert token not in answer.text


def test_what_was_kept_for_a_token_ends_with_it(anybody: TestClient, store: Store, dateline: Dateline) -> None:
    token, other = token_of(store), token_of(store)
    statuses = [anybody.get(f"/events?token={token}").status_code for _ in range(2)]
    dateline(store.url, "key", "revoke", token[4:12])

    assert statuses == [200, 200]
    assert anybody.get(f"/events?token={token}").status_code == 401
    assert anybody.get(f"/events?token={other}").status_code == 200


def test_what_was_kept_for_one_reader_is_not_given_to_another(client: TestClient, store: Store) -> None:
    token, other = token_of(store), token_of(store)
    addresses = ["/events?limit=1", f"/events?limit=1&token={token}", f"/events?limit=1&token={other}"]
    told = [client.get(address).text for address in (*addresses, *addresses)]

    assert [(token in each, other in each) for each in told] == 2 * [(False, False), (True, False), (False, True)]


def test_a_token_has_a_rate_limit_of_its_own(store: Store) -> None:
    token, other = token_of(store), token_of(store)
    with TestClient(create_app(settings_for(store.url).model_copy(update={"rate_limit": "2/minute"}))) as client:
        statuses = [client.get(f"/events?token={each}").status_code for each in (token, token, token, other)]
        assert client.get("/events").status_code == 200

    assert statuses == [200, 200, 429, 200]


# Where it goes, and where it does not


def test_the_next_page_can_be_read_without_a_header_and_no_other_link_has_the_token(
    anybody: TestClient, store: Store
) -> None:
    token = token_of(store)
    address, seen = f"/events?token={token}&limit=5&sort=date", list[int]()
    while address:
        answer = anybody.get(address)
        page, links = answer.json(), answer.headers["Link"].split(", ")
        seen += [item["id"] for item in page["items"]]
        address = page["next"]
        assert token not in page["self"] + str(page["items"])
        assert all((token in link) == ('rel="next"' in link) for link in links)

    everything = anybody.get("/events?sort=date&limit=500", headers=store.key(Scope.READ)).json()["items"]
    assert seen == [item["id"] for item in everything]
    assert len(seen) > 5


@pytest.mark.parametrize("form", ["atom", "jsonfeed"])
def test_a_feed_has_the_token_in_the_address_of_its_next_page_alone(
    client: TestClient, store: Store, form: str
) -> None:
    token = token_of(store)
    told = client.get(f"/events?format={form}&limit=3&token={token}").text
    [address] = re.findall(rf'http://testserver(/events\?[^"]*{token})', told)

    assert told.count(token) == 1
    assert client.get(html.unescape(address)).text.count(token) == 1


def test_a_cursor_is_of_the_list_whoever_reads_it(client: TestClient, store: Store) -> None:
    then = client.get("/events?limit=2").json()["next"]

    assert client.get(with_token(then, token_of(store))).json()["items"] == client.get(then).json()["items"]


def test_a_token_does_not_keep_an_answer_from_being_known(client: TestClient, store: Store) -> None:
    address = f"/events?limit=2&token={token_of(store)}"
    tag = client.get(address).headers["ETag"]

    assert client.get("/events?limit=2", headers={"If-None-Match": tag}).status_code == 304
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_what_a_token_gets_is_kept_by_no_shared_cache_and_passes_no_address_on(
    client: TestClient, store: Store
) -> None:
    token = token_of(store)

    for address in ("/events", "/events", "/events?format=jsonl", "/events?limit=0", "/events/99/sources", "/metrics"):
        answer = client.get(with_token(address, token))
        assert answer.headers.get_list("Cache-Control") == ["private, no-cache"], address
        assert answer.headers.get_list("Referrer-Policy") == ["no-referrer"], address


def test_no_problem_tells_the_token(client: TestClient, store: Store) -> None:
    token = token_of(store)

    for address in ("/events?limit=0", "/events?nonsense=1", "/nowhere", "/events?cursor=x", "/?a=b"):
        answer = client.get(with_token(address, token))
        assert answer.status_code in (404, 422), address
        assert token not in answer.text + str(answer.headers)


def test_a_token_is_in_no_log_not_even_with_a_traceback(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = token_of(store)

    def fail(*_: object) -> None:
        raise RuntimeError(f"this quotes {token}")

    settings = settings_for(store.url).model_copy(update={"log_level": "DEBUG"})
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        monkeypatch.setattr(responses, "_describe_list", fail)
        answer = client.get(f"/events?token={token}")
    logged = capsys.readouterr().err

    assert answer.status_code == 500
    assert "RuntimeError: this quotes dlr_" in logged
    assert token not in logged + answer.text


def read(address: str, token: str) -> None:
    """Requests of all kinds that carry the token."""
    with httpx.Client(base_url=address, trust_env=False) as client:
        for path in (
            "/events",
            "/events",
            "/events?format=csv",
            "/events/1",
            "/nowhere",
            "/events?limit=0",
            "/healthz",
        ):
            client.get(with_token(path, token))
        client.post(f"/sources?token={token}", json={})
        client.get("/events", headers={"Authorization": f"Bearer {token}"})
        client.get(f"/events?token={token}x", headers={"X-Request-ID": "the-last"})


@pytest.mark.before_the_database
def test_a_server_prints_no_token_whatever_happens(store: Store) -> None:
    token = token_of(store)
    with serving(store.url, DATELINE_LOG_LEVEL="DEBUG", DATELINE_PUBLIC_READS="false") as server:
        read(server.address, token)
        server.stop()

    assert "the-last" in server.output
    assert token.rpartition("_")[2] not in server.output


@pytest.mark.before_the_database
def test_the_access_log_of_another_way_to_serve_has_none_either(store: Store) -> None:
    token = token_of(store)
    told = environment(store.url, DATELINE_LOG_LEVEL="DEBUG")
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "--factory",
        "app.main:create_app",
        "--log-level",
        "debug",
        "--port",
        "0",
    ]
    with subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        lines = list[str]()
        for line in process.stdout:
            lines.append(line)
            if found := re.search(r"running on (http://\S+)", line):
                read(found[1], token)
                process.terminate()
    output = "".join(lines)

    assert "GET /events?format=csv HTTP/1.1" in output
    assert token.rpartition("_")[2] not in output
