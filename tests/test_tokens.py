"""Tokens: keys for addresses, for clients that cannot send headers."""

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
NOT_LISTS = ["/events/1", "/sources/meduza?as_of=1", "/metrics", "/feeds", "/feeds/1", "/feeds/1/items", "/imports"]


def create_token(store: Store, *paths: str) -> str:
    """Create a token, bound to the paths, if any."""
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
    """Yield a client without a key, of an application with public and one with private reads."""
    with talking_to(application if request.param == "public" else private_application, store) as client:
        yield client


@pytest.fixture
def private(private_application: FastAPI, store: Store) -> Iterator[TestClient]:
    with talking_to(private_application, store) as client:
        yield client


# Creation by the command


def test_key_create_prints_a_token_that_can_be_revoked(private: TestClient, store: Store, dateline: Dateline) -> None:
    token = dateline(store.url, "key", "create", "reader", "--scope", "feeds", "--path", "/events").stdout.strip()

    assert re.fullmatch(r"dlr_[A-Za-z0-9]{8}_[A-Za-z0-9]{32}", token)
    assert private.get(f"/events?token={token}").status_code == 200
    assert re.search(r"reader\W+feeds\W+/events", dateline(store.url, "key", "list").stdout)
    dateline(store.url, "key", "revoke", token[4:12])
    assert private.get(f"/events?token={token}").status_code == 401


@pytest.mark.before_the_database
def test_key_create_refuses_other_scopes_or_bad_paths(
    store: Store, dateline: Dateline, subtests: pytest.Subtests
) -> None:
    for arguments in (
        ("--scope", "feeds", "--scope", "read"),
        ("--scope", "write", "--path", "/events"),
        ("--scope", "feeds", "--path", "events"),
        ("--scope", "feeds", "--path", "/events/"),
        ("--scope", "feeds", "--path", "/events?date=2024-06-19"),
    ):
        with subtests.test(" ".join(arguments)):
            assert dateline(store.url, "key", "create", "reader", *arguments).exit_code == 1


# Reads


def test_token_in_query_or_header_reads_lists(anybody: TestClient, store: Store) -> None:
    token = create_token(store)

    for address in (*LISTS, *LISTS):  # new, and cached
        assert anybody.get(with_token(address, token)).status_code == 200, address
        assert anybody.head(with_token(address, token)).status_code == 200, address
        assert anybody.get(address, headers={"Authorization": f"Bearer {token}"}).status_code == 200, address


def test_token_for_anything_but_a_list_is_a_403(anybody: TestClient, store: Store) -> None:
    token, key = create_token(store), store.key(Scope.READ)

    for address in NOT_LISTS:
        assert anybody.get(address, headers=key).status_code == 200, address  # now cached
        assert anybody.get(with_token(address, token)).status_code == 403, address
        assert anybody.get(address, headers={"Authorization": f"Bearer {token}"}).status_code == 403, address


def test_token_reads_only_its_paths_and_paths_below(anybody: TestClient, store: Store) -> None:
    token = create_token(store, "/events/1", "/sources")
    statuses = [
        anybody.get(f"{address}?token={token}").status_code
        for address in ("/events/1/sources", "/sources", "/sources/meduza/events", "/events", "/events/14/sources")
    ]
    anybody.get("/events", headers=store.key(Scope.READ))  # now cached

    assert statuses == [200, 200, 200, 403, 403]
    assert anybody.get("/events", headers={"Authorization": f"Bearer {token}"}).status_code == 403


def test_paths_of_a_token_are_below_the_root_path(store: Store) -> None:
    token = create_token(store, "/events")
    settings = settings_for(store.url).model_copy(update={"root_path": "/dateline", "public_reads": False})
    with TestClient(create_app(settings)) as client:
        for _ in range(2):
            answer = client.get(f"/events?limit=1&token={token}")
            assert answer.status_code == 200
        assert answer.json()["next"].startswith("/dateline/events?limit=1&cursor=")
        assert client.get(f"/sources?token={token}").status_code == 403


@pytest.mark.before_the_database
def test_write_with_a_token_is_a_403(client: TestClient, store: Store, subtests: pytest.Subtests) -> None:
    token, key = create_token(store), store.key()
    body = {"name": "Herald", "kind": "newspaper"}
    headers = {"Authorization": f"Bearer {token}"}
    for method, address in (
        ("POST", "/sources"),
        ("PATCH", "/sources/meduza"),
        ("DELETE", "/sources/meduza"),
        ("POST", "/imports"),
    ):
        with subtests.test(method, address=address):
            assert client.request(method, f"{address}?token={token}", json=body).status_code == 403
            assert client.request(method, address, json=body, headers=headers).status_code == 403
            assert client.request(method, f"{address}?token={token}", json=body, headers=key).status_code == 401


@pytest.mark.parametrize("scope", [Scope.READ, Scope.ADMIN])
def test_key_in_an_address_is_a_401_with_advice(anybody: TestClient, store: Store, scope: Scope) -> None:
    key = store.key(scope)["Authorization"].removeprefix("Bearer ")
    answer = anybody.get(f"/events?token={key}")

    assert answer.status_code == 401
    assert "Revoke it" in answer.json()["detail"]
    assert key not in answer.text


INVALID_QUERIES = [
    "token=",
    "token=nonsense",
    "token=dlr_AAAAAAAA_" + "A" * 32,
    "token=%FF%00",
    "limit=1&token=\xf0\x9f\x98\x80",
    "token={token}&token={token}",
    "token={token}x",
    "token={token}%20",
]


def test_invalid_token_is_a_401_even_for_public_reads(anybody: TestClient, store: Store) -> None:
    token = create_token(store)

    for query in INVALID_QUERIES:
        answer = anybody.get(f"/events?{query.format(token=token)}")
        assert (answer.status_code, answer.headers["Referrer-Policy"]) == (401, "no-referrer"), query
        assert token not in answer.text


def test_cached_response_is_a_401_after_revocation(anybody: TestClient, store: Store, dateline: Dateline) -> None:
    token, other = create_token(store), create_token(store)
    statuses = [anybody.get(f"/events?token={token}").status_code for _ in range(2)]
    dateline(store.url, "key", "revoke", token[4:12])

    assert statuses == [200, 200]
    assert anybody.get(f"/events?token={token}").status_code == 401
    assert anybody.get(f"/events?token={other}").status_code == 200


def test_cached_response_is_per_token(client: TestClient, store: Store) -> None:
    token, other = create_token(store), create_token(store)
    addresses = ["/events?limit=1", f"/events?limit=1&token={token}", f"/events?limit=1&token={other}"]
    texts = [client.get(address).text for address in (*addresses, *addresses)]

    assert [(token in text, other in text) for text in texts] == 2 * [(False, False), (True, False), (False, True)]


def test_rate_limit_is_per_token(store: Store) -> None:
    token, other = create_token(store), create_token(store)
    with TestClient(create_app(settings_for(store.url).model_copy(update={"rate_limit": "2/minute"}))) as client:
        statuses = [client.get(f"/events?token={value}").status_code for value in (token, token, token, other)]
        assert client.get("/events").status_code == 200

    assert statuses == [200, 200, 429, 200]


# Links, caches and logs


def test_only_the_next_link_has_the_token(anybody: TestClient, store: Store) -> None:
    token = create_token(store)
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
def test_feed_has_the_token_in_its_next_link_only(client: TestClient, store: Store, form: str) -> None:
    token = create_token(store)
    text = client.get(f"/events?format={form}&limit=3&token={token}").text
    [address] = re.findall(rf'http://testserver(/events\?[^"]*{token})', text)

    assert text.count(token) == 1
    assert client.get(html.unescape(address)).text.count(token) == 1


def test_cursor_is_valid_with_and_without_a_token(client: TestClient, store: Store) -> None:
    address = client.get("/events?limit=2").json()["next"]

    assert client.get(with_token(address, create_token(store))).json()["items"] == client.get(address).json()["items"]


def test_etag_is_the_same_with_and_without_a_token(client: TestClient, store: Store) -> None:
    address = f"/events?limit=2&token={create_token(store)}"
    tag = client.get(address).headers["ETag"]

    assert client.get("/events?limit=2", headers={"If-None-Match": tag}).status_code == 304
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_response_to_a_token_is_private_without_referrer(client: TestClient, store: Store) -> None:
    token = create_token(store)

    for address in ("/events", "/events", "/events?format=jsonl", "/events?limit=0", "/events/99/sources", "/metrics"):
        answer = client.get(with_token(address, token))
        assert answer.headers.get_list("Cache-Control") == ["private, no-cache"], address
        assert answer.headers.get_list("Referrer-Policy") == ["no-referrer"], address


def test_problem_has_no_token(client: TestClient, store: Store) -> None:
    token = create_token(store)

    for address in ("/events?limit=0", "/events?nonsense=1", "/nowhere", "/events?cursor=x", "/?a=b"):
        answer = client.get(with_token(address, token))
        assert answer.status_code in (404, 422), address
        assert token not in answer.text + str(answer.headers)


def test_log_with_a_traceback_has_no_token(
    store: Store, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    token = create_token(store)

    def fail(*_: object) -> None:
        raise RuntimeError(f"this quotes {token}")

    settings = settings_for(store.url).model_copy(update={"log_level": "DEBUG"})
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        monkeypatch.setattr(responses, "_build_link_header", fail)
        answer = client.get(f"/events?token={token}")
    logged = capsys.readouterr().err

    assert answer.status_code == 500
    assert "RuntimeError: this quotes dlr_" in logged
    assert token not in logged + answer.text


def send_requests(address: str, token: str) -> None:
    """Send requests of all kinds with the token."""
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


@pytest.mark.expensive("starts processes of the command")
@pytest.mark.before_the_database
def test_server_log_has_no_token(store: Store) -> None:
    token = create_token(store)
    with serving(store.url, DATELINE_LOG_LEVEL="DEBUG", DATELINE_PUBLIC_READS="false") as server:
        send_requests(server.address, token)
        server.stop()

    assert "the-last" in server.output
    assert token.rpartition("_")[2] not in server.output


@pytest.mark.expensive("starts processes of the command")
@pytest.mark.before_the_database
def test_access_log_of_uvicorn_has_no_token(store: Store) -> None:
    token = create_token(store)
    env = environment(store.url, DATELINE_LOG_LEVEL="DEBUG")
    command = [sys.executable, "-m", "uvicorn", "--factory", "app.main:create_app", "--log-level", "debug"]
    with subprocess.Popen(
        [*command, "--port", "0"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        lines = list[str]()
        for line in process.stdout:
            lines.append(line)
            if match := re.search(r"running on (http://\S+)", line):
                send_requests(match[1], token)
                process.terminate()
    output = "".join(lines)

    assert "GET /events?format=csv HTTP/1.1" in output
    assert token.rpartition("_")[2] not in output
