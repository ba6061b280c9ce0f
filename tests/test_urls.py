import pytest
from hypothesis import example
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from app.core.urls import HttpUrl, canonicalize_url, get_domain
from tests.properties import for_all

http_url = TypeAdapter[str](HttpUrl)

hosts = st.sampled_from(
    ["Example.org", "www.bücher.de", "[::1]", "1.2.3.4", "a_b.c", "例え。テスト", "ＴＡＳＳ.ru", "x."]
)
ports = st.sampled_from(["", ":", ":80", ":443", ":8080", ":0080"])
tails = st.text("/.?&=%2EeF7~ü|#utm_a+;[]\\", max_size=30)
web_urls = st.builds("{}{}{}/{}".format, st.sampled_from(["http://", "HTTPS://"]), hosts, ports, tails)


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        ("HTTP://Example.ORG", "http://example.org/"),
        ("https://example.org?a=1", "https://example.org/?a=1"),
        ("http://example.org:80/a", "http://example.org/a"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("https://example.org:/a", "https://example.org/a"),
        ("http://example.org:443/a", "http://example.org:443/a"),
        ("http://example.org:08080/", "http://example.org:8080/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://XN--BCHER-KVA.example/", "https://xn--bcher-kva.example/"),
        ("https://кремль。рф/", "https://xn--e1ajeds9e.xn--p1ai/"),
        ("https://a_b.example.org/", "https://a_b.example.org/"),
        ("https://r3---sn-x.example.org/", "https://r3---sn-x.example.org/"),
        ("http://[2001:DB8:0:0::1]:80/", "http://[2001:db8::1]/"),
        ("https://example.org/a#top", "https://example.org/a"),
        ("https://example.org/a?", "https://example.org/a"),
        ("https://example.org/%7euser/%c3%bc", "https://example.org/~user/%C3%BC"),
        ("https://example.org/новости", "https://example.org/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D0%B8"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/%2fa%3Fb", "https://example.org/%2Fa%3Fb"),
        ("https://example.org/a/./b/../c", "https://example.org/a/c"),
        ("https://example.org/a/%2e%2E/b", "https://example.org/b"),
        ("https://example.org/../a/..", "https://example.org/"),
        ("https://example.org/a/.", "https://example.org/a/"),
        ("https://example.org//a//b/", "https://example.org//a//b/"),
        ("https://example.org/?b=2&a=1&b=1", "https://example.org/?b=2&a=1&b=1"),
        ("https://example.org/?q=a+b%20c&&x", "https://example.org/?q=a+b%20c&&x"),
        ("https://example.org/?ids[]=1|2", "https://example.org/?ids[]=1%7C2"),
    ],
)
def test_canonical_form(url: str, canonical: str) -> None:
    assert canonicalize_url(url) == canonical


@pytest.mark.parametrize(
    "name",
    [
        "utm_source",
        "utm_campaign",
        "UTM_Medium",
        "%75tm_id",
        "fbclid",
        "gclid",
        "dclid",
        "msclkid",
        "mc_cid",
        "mc_eid",
        "igshid",
        "yclid",
        "_ga",
        "ref_src",
        "cmpid",
    ],
)
def test_tracking_parameters_are_dropped(name: str) -> None:
    assert canonicalize_url(f"https://example.org/a?{name}=x&id=7&{name}#c") == "https://example.org/a?id=7"
    assert canonicalize_url(f"https://example.org/a?{name}=x") == "https://example.org/a"


@pytest.mark.parametrize("query", ["id=utm_source", "my_utm_x=1", "fbclid2=1", "ref=1", "gclid[]=1"])
def test_other_parameters_are_kept(query: str) -> None:
    assert canonicalize_url(f"https://example.org/?{query}") == f"https://example.org/?{query}"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://example.org/a", "https://example.org/a"),
        ("https://www.example.org/a", "https://example.org/a"),
        ("https://example.org/a/", "https://example.org/a"),
        ("https://example.org/A", "https://example.org/a"),
        ("https://example.org/a%2Fb", "https://example.org/a/b"),
    ],
)
def test_pages_that_may_differ_stay_distinct(one: str, other: str) -> None:
    assert canonicalize_url(one) != canonicalize_url(other)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org/a",
        "//example.org/a",
        "ftp://example.org/",
        "javascript:alert(1)",
        "http:",
        "http:///x",
        "http://:80/",
        "http:example.org",
        "http://user:secret@example.org/",
        "http://@example.org/",
        "http://good.example\\@evil.example/",
        "http://good.example\\.evil.example/",
        "http://example.org:99999/",
        "http://example.org:+80/",
        "http://example.org:٨٠/",
        "http://a:b:80/",
        "http://[::1",
        "http://[::1]x/",
        "http://[fe80::1%25eth0]/",
        "http://[v1.x]/",
        "http://[]/",
        "http://a..b/",
        "http://./",
        "http://a℀.com/",
        "http://☃.example/",
        "http://ex%61mple.org/",
        f"http://{'a' * 64}.org/",
        f"http://{'a.' * 127}org/",
        " http://example.org/",
        "http://example.org/a b",
        "http://example.org/a\tb",
        "http://exam\nple.org/",
        "http://example.org/\x00",
        "http://example.org/\x85",
        "http://example.org/\u00a0",
        "http://example.org/\ud800",
    ],
)
def test_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|port|IPv6|netloc"):
        canonicalize_url(url)
    with pytest.raises(ValidationError):
        http_url.validate_python(url)
    with pytest.raises(ValueError, match=r"address|port|IPv6|netloc"):
        get_domain(url)


def test_credentials_are_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="user name or password") as raised:
        canonicalize_url("https://user:secret@example.org/")
    assert "secret" not in str(raised.value)


def test_length_is_limited_before_and_after_canonicalizing() -> None:
    base = "https://example.org/"
    longest = base + "a" * (2048 - len(base))
    assert canonicalize_url(longest) == longest
    for url in (longest + "a", base + "ü" * 500):
        with pytest.raises(ValueError, match="2048"):
            canonicalize_url(url)


@for_all(web_urls)
@example("http://x/%%34%31")
@example("http://x/%4%31?%%75tm_a")
@example("http://x/?&utm_a&")
def test_canonical_form_is_idempotent(url: str) -> None:
    canonical = canonicalize_url(url)
    assert canonical.isascii()
    assert canonicalize_url(canonical) == canonical
    assert get_domain(canonical) == get_domain(url)
    assert http_url.validate_python(url) == url


@for_all(st.text() | st.text(max_size=20).map("http://{}".format) | st.text("ht:p/[]@.%0:１。x", max_size=20))
@example("http://[")
@example("http://xn--/")
@example("http://\u00ad/")
def test_arbitrary_text_raises_only_value_error(url: str) -> None:
    try:
        canonical = canonicalize_url(url)
    except ValueError:
        return
    assert canonicalize_url(canonical) == canonical
    assert get_domain(url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://www.Example.org/a", "example.org"),
        ("https://news.example.org:8080/", "news.example.org"),
        ("https://www.bücher.example/", "xn--bcher-kva.example"),
        ("https://www.gov.uk/", "gov.uk"),
        ("https://www.com/", "www.com"),
        ("https://wwww.example.org/", "wwww.example.org"),
        ("http://[::1]/", "[::1]"),
    ],
)
def test_domain_is_the_host_without_www(url: str, host: str) -> None:
    assert get_domain(url) == host


def test_http_url_is_stored_as_received() -> None:
    url = "HTTPS://WWW.Example.org:443/a?utm_source=x#top"
    assert http_url.validate_python(url) == url


def test_http_url_has_the_schema_of_a_uri() -> None:
    schema = http_url.json_schema()
    assert (schema["type"], schema["format"], schema["maxLength"]) == ("string", "uri", 2048)
