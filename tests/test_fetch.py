"""The fetcher: refused addresses, responses and errors.

Tests with a network run in a network namespace of their own (``tests/fetching``), once for the whole test run.
"""

import codecs
import fcntl
import gzip
import json
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import strategies as st

from app.core.config import Settings
from app.core.errors import FetchFailed, Refused
from app.fetch import Fetcher, PostResponse, decode
from app.fetch.addresses import is_public
from app.fetch.charsets import CODECS
from app.fetch.responses import BodyReader, get_retry_after
from app.fetch.targets import parse_redirect, parse_target
from tests.fetching import hostile, namespace, payloads
from tests.fetching.internet import PUBLIC, PUBLIC_6, PUBLIC_64
from tests.properties import for_all

MEGABYTE = 1_000_000
HANG = 30  # seconds: more than any fetch may take, on however slow a machine


@pytest.fixture(scope="session")
def fetched(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str) -> Any:
    """Return the outcomes of all the worker's fetches, which the processes of a test run share."""
    if namespace.unshare() is None:
        pytest.skip(namespace.NO_NAMESPACE)
    shared = Path(tmp_path_factory.getbasetemp().parent, f"fetched-{testrun_uid}.json")
    with shared.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not shared.exists():
            shared.write_text(json.dumps(namespace.run("tests.fetching.worker")))
    return json.loads(shared.read_text())


# Private networks


def test_no_payload_reaches_a_private_network(fetched: Any) -> None:
    assert len(fetched["guarded"]) >= 200
    assert fetched["inside"] == []
    assert fetched["inside_pages"] == []


def test_post_reaches_no_private_network_and_no_redirect(fetched: Any) -> None:
    answers = fetched["posted"].values()

    assert fetched["inside_posted"] == []
    assert {answer["error"] for answer in answers if "error" in answer} == {"address-refused"}
    assert {answer["status"] for answer in answers if "error" not in answer} == {302}


def test_all_refusals_are_equal(fetched: Any) -> None:
    refusal = {"error": "address-refused", "status": 422, "detail": Refused().detail, "extensions": {}}

    answers = {url: {**answer, "seconds": 0} for url, answer in fetched["guarded"].items()}

    assert {url: answer for url, answer in answers.items() if answer != {**refusal, "seconds": 0}} == {}


def test_all_refusals_take_equally_long(fetched: Any) -> None:
    seconds = [answer["seconds"] for answer in fetched["alike"].values()]

    assert {answer["error"] for answer in fetched["alike"].values()} == {"address-refused"}
    assert 0 < max(seconds) < 2 * min(seconds)  # the shortest would otherwise take no time at all


def test_payloads_reach_private_networks_without_the_guard(fetched: Any) -> None:
    def reached(mode: str) -> set[str]:
        return {url for url, answer in fetched[mode].items() if answer.get("body", "").startswith("inside")}

    assert len(reached("open")) >= 100
    assert len(fetched["inside_open"]) >= 40
    assert len(reached("open") | reached("bare")) >= 120


def test_responses_of_public_hosts_are_fetched(fetched: Any) -> None:
    ends = {url: answer.get("body", answer.get("detail")) for url, answer in fetched["fine"].items()}
    bodies = {
        "http://public.test/hops?5": "arrived",
        "http://public.test/hops?6": FetchFailed("redirects").detail,
        "http://public.test/zipped": "<p>zipped</p>",
        "http://public.test/deflated": "<p>deflated</p>",
        "http://public.test/deflated-raw": "<p>raw</p>",
        "http://public.test/in-full": "x" * 80,
        "http://public.test/koi8": "Слово",
        "http://public.test/base64": "PGI+",
        "http://public.test/length-twice": "0123456789",
        "http://public.test/longer": "0123456789",
    }

    assert ends == {**dict.fromkeys(ends, "outside"), **bodies}
    assert fetched["fine"]["http://public.test/in-full"]["size"] == 5 * MEGABYTE


def test_response_has_its_redirects_and_its_last_address(fetched: Any) -> None:
    answer = fetched["fine"]["http://public.test/hops?5"]
    spaced = fetched["fine"]["http://public.test/to?/a%20b"]

    assert answer["url"] == "http://public.test/hops?0"
    assert answer["redirects"] == [f"http://public.test/hops?{n}" for n in (5, 4, 3, 2, 1)]
    assert spaced["url"] == "http://public.test/a%20b"


def test_request_sends_the_user_agent_and_no_more(fetched: Any) -> None:
    heads = [head.split("\r\n") for head in fetched["heads"]]

    assert len(heads) >= 4
    for _request, host, *rest in heads:
        assert host in ("Host: public.test", "Host: six.test")
        assert rest == [
            "User-Agent: Dateline (+https://newsroom.example/bot)",
            "Accept: application/xhtml+xml, text/html, text/plain, */*;q=0.1",
            "Accept-Encoding: identity",
            "Connection: close",
            "",
            "",
        ]


def test_not_modified_is_a_response(fetched: Any) -> None:
    assert fetched["conditional"] | {"seconds": 0} == {
        "url": "http://public.test/etag",
        "status": 304,
        "body": "",
        "size": 0,
        "redirects": [],
        "seconds": 0,
    }


# Hostile pages


@pytest.mark.parametrize("name", sorted(hostile.ENDS))
def test_hostile_page_fails_with_its_reason(fetched: Any, name: str) -> None:
    answer = fetched["hostile"][name]

    assert answer["error"] == "fetch-failed"
    assert answer["status"] == 502
    assert answer["extensions"]["reason"] == hostile.ENDS[name]
    assert answer["seconds"] < HANG


def test_hostile_pages_take_little_memory(fetched: Any) -> None:
    assert fetched["grown"] < 50 * MEGABYTE


def test_failure_has_the_status_and_retry_after(fetched: Any) -> None:
    assert fetched["hostile"]["404"]["extensions"] == {"reason": "status", "answered": 404}
    assert fetched["hostile"]["429"]["extensions"] == {"reason": "status", "answered": 429, "retry_after": 120}
    assert fetched["hostile"]["503"]["extensions"] == {"reason": "status", "answered": 503, "retry_after": 0}
    assert fetched["hostile"]["503-odd"]["extensions"] == {"reason": "status", "answered": 503}


def test_silent_hosts_are_abandoned(fetched: Any) -> None:
    lookup, handshake = fetched["stuck"]["http://silent.test/"], fetched["stuck"]["https://tarpit.test/"]

    assert lookup["error"] == "address-refused"
    assert handshake["extensions"] == {"reason": "timeout"}
    assert max(lookup["seconds"], handshake["seconds"]) < HANG / 2  # the resolver would give up after HANG
    assert fetched["left"] == 1


def test_certificate_must_be_trusted_and_name_the_host(fetched: Any) -> None:
    if fetched["tls"] is None:
        pytest.skip("no openssl to make a certificate with")
    assert fetched["tls"]["unknown"]["extensions"] == {"reason": "tls"}
    assert fetched["tls"]["known"]["body"] == "outside"
    assert fetched["tls"]["other"]["extensions"] == {"reason": "tls"}
    assert fetched["tls"]["names"] == ["public.test", "public.test", "alias.test"]


# Without a network


@pytest.mark.parametrize("address", [*payloads.INSIDE_4, *payloads.INSIDE_6, "fe80::1%eth0", "2606:2800::1%1"])
def test_special_address_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", [PUBLIC, PUBLIC_6, PUBLIC_64, "1.1.1.1", "223.255.255.1", "2a00:1450::1"])
def test_address_of_the_web_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@for_all(st.ip_addresses())
def test_address_special_to_python_is_not_public(address: Any) -> None:
    embedded = getattr(address, "sixtofour", None) or getattr(address, "ipv4_mapped", None)

    if not address.is_global or address.is_multicast or embedded:
        assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "fetched_url"),
    [
        ("https://Example.org", "https://example.org/"),
        ("https://example.org.:443/a/../b?q=%e4&utm_source=x#top", "https://example.org/a/../b?q=%e4&utm_source=x"),
        ("http://bücher.example/ö|", "http://xn--bcher-kva.example/%C3%B6%7C"),
        ("http://[2606:2800::0001]/", "http://[2606:2800::1]/"),
        ("http://93.184.216.34.:080/", "http://93.184.216.34/"),
    ],
)
def test_address_becomes_its_target(url: str, fetched_url: str) -> None:
    assert str(parse_target(url, ())) == fetched_url


def test_unusual_port_must_be_allowed() -> None:
    assert parse_target("http://example.org:8080/", {8080}).netloc == "example.org:8080"
    with pytest.raises(Refused):
        parse_target("http://example.org:8080/", {8081})
    with pytest.raises(Refused):
        parse_target("http://example.org:443/", ())


@for_all(st.text() | st.text(alphabet="htps:/@.#?[]0127x%\\ \t").map("http://".__add__))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    with suppress(Refused):
        target = parse_target(text, ())
        assert str(target).isascii()
        assert target.port in (80, 443)
    with suppress(Refused):
        assert str(parse_redirect(parse_target("http://example.org/a/b", ()), text, ())).isascii()


def read_body(data: bytes, encoding: str, limit: int, chunk: int) -> bytes:
    body = BodyReader(encoding, limit)
    for start in range(0, len(data), chunk):
        body.add(data[start : start + chunk])
    return body.finish()


@for_all(st.binary(max_size=300), st.integers(min_value=1, max_value=50))
def test_body_is_the_same_in_any_chunks(data: bytes, chunk: int) -> None:
    for encoding, sent in (
        ("", data),
        ("Identity", data),
        ("x-gzip", gzip.compress(data)),
        ("deflate", zlib.compress(data)),
        ("deflate", zlib.compress(data, wbits=-15)),
    ):
        assert read_body(sent, encoding, 400, chunk) == data


@for_all(st.binary(max_size=300), st.sampled_from(["gzip", "deflate"]), st.integers(min_value=1, max_value=50))
def test_body_of_any_bytes_is_read_or_fails(data: bytes, encoding: str, chunk: int) -> None:
    with suppress(FetchFailed):
        assert len(read_body(data, encoding, 100, chunk)) <= 100


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("naïve".encode(), None, "naïve"),
        ("naïve".encode("cp1252"), None, "naïve"),
        ("naïve “x”".encode("cp1252"), "text/html; charset=ISO-8859-1", "naïve “x”"),
        ("слово".encode("cp1251"), 'text/html;Charset="windows-1251"', "слово"),
        (codecs.BOM_UTF8 + "слово".encode(), "text/html; charset=windows-1251", "слово"),
        (codecs.BOM_UTF16_LE + "слово".encode("utf-16-le"), None, "слово"),
        ("слово".encode("utf-16-be"), "text/plain; charset=utf-16be", "слово"),
        ("<meta charset=koi8-r>слово".encode("koi8-r"), "text/html", "<meta charset=koi8-r>слово"),
        (
            '<META http-equiv=x content="text/html; charset=gb2312">价'.encode("gb18030"),
            None,
            '<META http-equiv=x content="text/html; charset=gb2312">价',
        ),
        (
            '<?xml version="1.0" encoding="Shift_JIS"?>語'.encode("cp932"),
            "text/xml",
            '<?xml version="1.0" encoding="Shift_JIS"?>語',
        ),
        ("<meta charset=utf-16>é".encode(), None, "<meta charset=utf-16>é"),
        (b" " * 1024 + "<meta charset=koi8-r>é".encode(), None, " " * 1024 + "<meta charset=koi8-r>é"),
        (b"a\0b", None, "a\ufffdb"),
        (b"\xff\xfe\x00\xd8x\x00", None, "\ufffdx"),
        (b"\xed\xa0\x80", "text/html; charset=utf-8", "\ufffd" * 3),
    ],
)
def test_text_is_decoded_as_in_browsers(body: bytes, content_type: str | None, text: str) -> None:
    assert decode(body, content_type) == text


@pytest.mark.parametrize(
    "label",
    [
        *("base64", "zip", "zlib", "bz2", "hex", "rot13", "quopri", "uu", "idna", "punycode", "unicode_escape"),
        *("raw_unicode_escape", "utf-7", "utf_8_sig", "undefined", "mbcs", "oem", "utf-32", "cp037", "\0", "ü"),
    ],
)
def test_label_outside_the_standard_is_ignored(label: str) -> None:
    assert decode(b"PGI+ +AGE-", f"text/html; charset={label}") == "PGI+ +AGE-"
    assert decode(f"<meta charset={label}>é".encode()).endswith("é")


def test_every_label_has_a_codec() -> None:
    assert len(CODECS) > 220
    for codec in set(CODECS.values()):
        assert b"a".decode(codec, "replace")


@for_all(
    st.binary(max_size=400),
    st.none() | st.text(max_size=30) | st.sampled_from(sorted(CODECS)).map("x;charset={}".format),
)
def test_any_bytes_decode_to_storable_text(body: bytes, content_type: str | None) -> None:
    text = decode(body, content_type)

    assert "\0" not in text
    assert text.encode().decode() == text


def test_hostile_declarations_take_linear_time() -> None:
    def measure(length: int) -> float:
        began = time.process_time()
        decode(b"<meta " * 10 * length, ";charset=" * length + ";" + " " * length)
        return time.process_time() - began

    ratio = min(measure(100_000) for _ in range(3)) / min(measure(10_000) for _ in range(5))
    assert ratio < 50  # quadratic time would be 100 times longer


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        ("Sun, 22 Nov 2026 00:01:00 GMT", 60),
        ("Sun, 22 Nov 2020 00:01:00 GMT", 0),
        ("-5", None),
        ("1" * 5000, None),
        ("Sun, 22 Nov 2026 00:01:00 -0000", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_parsed(value: str, seconds: int | None) -> None:
    assert get_retry_after(httpx.Headers({"Retry-After": value}), datetime(2026, 11, 22, tzinfo=UTC)) == seconds


@for_all(st.binary() | st.text("0123456789:, GMTNov-+").map(str.encode))
def test_any_retry_after_is_parsed_or_ignored(value: bytes) -> None:
    assert (get_retry_after(httpx.Headers([(b"Retry-After", value)])) or 0) >= 0


# POST


@contextmanager
def serve(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Serve this response, and yield the address and the list of received requests."""
    sent: list[bytes] = []

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            sent.append(b"")
            while not sent[-1].endswith(b"}") and (received := self.request.recv(65_536)):
                sent[-1] += received
            with suppress(OSError):
                for start in range(0, len(answer), MEGABYTE):
                    self.wfile.write(answer[start : start + MEGABYTE])

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook?a=b", sent
        server.shutdown()
        thread.join()


def post(url: str, networks: tuple[str, ...] = ("127.0.0.0/8",), **options: Any) -> PostResponse:
    async def send() -> PostResponse:
        own = [ip_network(network) for network in networks]
        async with Fetcher(timeout=2, networks=own, user_agent="Tests", **options) as fetcher:
            return await fetcher.post(url, b'{"a": 1}', {"Content-Type": "application/json", "webhook-id": "1"})

    return anyio.run(send)


def test_post_sends_the_body_and_returns_the_status() -> None:
    with serve(b"HTTP/1.1 429 Slow down\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n") as (url, sent):
        assert post(url) == PostResponse(429, 7)

    head, _, body = sent[0].partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == b"POST /hook?a=b HTTP/1.1"
    assert {line.partition(b":")[0].lower() for line in head.split(b"\r\n")[1:]} == {
        *(b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"),
        *(b"content-type", b"webhook-id", b"content-length"),
    }
    assert body == b'{"a": 1}'


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n" + 50 * MEGABYTE * b"x",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbroken",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone",
        b"HTTP/1.1 200 OK\r\nRetry-After: soon\r\n\r\n",
    ],
    ids=["endless", "broken off", "no chunks", "no gzip", "odd"],
)
def test_body_of_the_response_to_a_post_is_ignored(answer: bytes) -> None:
    with serve(answer) as (url, _):
        assert post(url) == PostResponse(200, None)  # within the fetcher's timeout


@pytest.mark.parametrize("answer", [b"", b"220 mail.example ESMTP\r\n", b"HTTP/1.1 200 OK\r\nX: " + MEGABYTE * b"x"])
def test_post_fails_on_a_response_that_is_not_http(answer: bytes) -> None:
    with serve(answer) as (url, _), pytest.raises(FetchFailed):
        post(url)


def test_unusual_port_outside_the_networks_is_refused() -> None:
    with serve(b"HTTP/1.1 200 OK\r\n\r\n") as (url, sent):
        for networks in ((), ("10.0.0.0/8",), ("::/0",)):
            with pytest.raises(Refused):
                post(url, networks, allowed=lambda _: True)
    assert sent == []


def test_networks_are_set_with_commas_or_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in ("10.1.0.0/16, fd00::/8", '["10.1.0.0/16", "fd00::/8"]'):
        monkeypatch.setenv("DATELINE_WEBHOOK_NETWORKS", text)
        assert list(map(str, Settings().webhook_networks)) == ["10.1.0.0/16", "fd00::/8"]
    for wrong in ("10.1.0.1/16", "example.org", "[1,"):
        monkeypatch.setenv("DATELINE_WEBHOOK_NETWORKS", wrong)
        with pytest.raises(ValueError, match="webhook_networks"):
            Settings()


def test_settings_configure_the_fetcher() -> None:
    assert Fetcher.from_settings(
        Settings(user_agent="Dateline (+https://newsroom.example/bot)", fetch_timeout=5, fetch_bytes=10)
    )
    with pytest.raises(ValueError, match="user_agent"):
        Settings(user_agent="two\r\nlines")
