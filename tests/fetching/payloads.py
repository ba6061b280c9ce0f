"""Addresses that must not be reached, in spellings that have bypassed checks elsewhere."""

from urllib.parse import quote

# Each special-purpose block of IANA's registries by an address in it, and the clouds' metadata services.
INSIDE_4 = (
    *("0.0.0.0", "0.1.2.3", "10.0.0.5", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255"),
    *("127.0.0.1", "127.1.2.3", "169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.254", "192.0.0.192"),
    *("192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.168.255.1", "192.175.48.1"),
    *("198.18.0.1", "198.19.255.1", "198.51.100.1", "203.0.113.1", "168.63.129.16", "240.0.0.1", "224.0.0.251"),
    "255.255.255.255",
)
INSIDE_6 = (
    *("::", "::1", "::10.0.0.5", "::ffff:127.0.0.1", "::ffff:a00:5", "::ffff:93.184.216.34", "::ffff:0:10.0.0.5"),
    *("64:ff9b::10.0.0.5", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:5", "64:ff9b:1:ffff::7f00:1"),
    *("100::1", "100:0:0:1::1", "2001::1", "2001:0:a00:5::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1"),
    *("2002:a00:5::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2620:4f:8000::1", "3ffe::1", "3fff::1", "4000::1"),
    *("5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "::7f00:1", "0:0:0:0:0:0:0:1"),
)
SPELLINGS = (
    *("2130706433", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "017700000001", "0177.0.0.1", "0177.1"),
    *("127.1", "127.0.1", "127.0.0.01", "127.0.0.0x1", "00000177.0.0.1", "0", "0x0", "127.0.0.1.", "2130706433."),
    *("2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "169.16689662", "0xA9.0xFE.0xA9.0xFE"),
    *("167772165", "0xa000005", "10.5", "3232235777", "4294967295", "4294967297", "127.0.0.1%00", "127%2e0%2e0%2e1"),
    *(
        "１２７.０.０.１",
        "127。0。0。1",
        "127．0．0．1",
        "①②⑦.⓪.⓪.①",
        "１６９．２５４．１６９．２５４",
        "２１３０７０６４３３",
    ),
    *("[::ffff:7f00:1]", "[0:0:0:0:0:ffff:10.0.0.5]", "[::1%lo]", "[fe80::1%25lo]", "[::1].", "[::1", "[v1.::1]"),
    *(
        "localhost",
        "LOCALHOST",
        "localhost.",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
        "wiki",
        "foo.localhost",
        "private10.test.",
        "PRIVATE10.test",
    ),
)
NAMES = (
    *("loopback", "private10", "private172", "private192", "metadata", "wireserver", "shared", "zero", "reserved"),
    *("loopback6", "unspecified6", "local6", "site6", "mapped6", "compatible6", "translated6", "translated-local6"),
    *("sixtofour", "teredo", "mixed", "mixed-first", "mixed-six", "mixed-last"),
    *("alias-inside", "alias-alias-inside", "alias-localhost"),
)
ADDRESSES = (
    # Ports of other services, on hosts that are public and not.
    *(f"http://public.test:{port}/" for port in (0, 22, 25, 81, 443, 6379, 8080, 65535)),
    *("https://public.test:80/", "https://public.test:8443/", "http://127.0.0.1:6379/", "http://[::1]:8080/"),
    *("http://public.test:6379", "http://public.test:٨٠/", "http://public.test:80:22/", "http://public.test:-1/"),
    *("https://127.0.0.1/", "https://10.0.0.5/", "https://[::1]/", "https://private10.test/"),
    # A host that is not the one it looks like.
    *("http://public.test@127.0.0.1/", "http://127.0.0.1@public.test/", "http://a:b@10.0.0.5/", "http://@127.0.0.1/"),
    *("http://public.test%40127.0.0.1/", "http://public.test\\@127.0.0.1/", "http://127.0.0.1\\.public.test/"),
    *("http://127.0.0.1#@public.test/", "http://127.0.0.1?@public.test/", "http://public.test:80@127.0.0.1:6379/"),
    *("http://127.0.0.1\t.public.test/", "http://public.test\n.127.0.0.1/", " http://127.0.0.1/", "http:// 127.0.0.1/"),
    *(
        "http:127.0.0.1/",
        "http:/127.0.0.1/",
        "http:///127.0.0.1/",
        "//127.0.0.1/",
        "127.0.0.1",
        "",
        "http://",
        "http://./",
    ),
    *("http://127.0.0.1\0.public.test/", "http://..127.0.0.1/", "http://10.0.0.5\u200b/", "http://10.0.0.5\u00ad/"),
    # Other schemes.
    *(
        "file:///etc/passwd",
        "file://127.0.0.1/etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "ftp://10.0.0.5/",
        "data:,x",
    ),
    *("dict://127.0.0.1:6379/info", "ldap://10.0.0.5/", "javascript:1", "ws://127.0.0.1/", "unix:///run/docker.sock"),
    *("http+unix://%2Frun%2Fdocker.sock/", "jar:http://127.0.0.1/", "view-source:http://127.0.0.1/", "about:blank"),
    # No host, which must give the same error.
    *("http://nowhere.test/", "http://servfail.test/", "http://empty.test/"),
    *("https://closed.test/", "http://" + "a" * 64 + ".test/", "http://xn--zzzzzz.test/", f"http://{'a.' * 140}test/"),
)
TARGETS = (
    *(
        f"http://{address}/"
        for address in ("127.0.0.1", "10.0.0.5", "169.254.169.254", "192.168.0.1", "[::1]", "0x7f.1")
    ),
    *("http://[fd00:ec2::254]/", "http://[::ffff:10.0.0.5]/", "http://[64:ff9b::10.0.0.5]/", "http://[fe80::1%25lo]/"),
    *("http://loopback.test/", "http://mixed.test/", "http://alias-inside.test/", "http://localhost/", "//10.0.0.5/"),
    *("http://public.test:6379/", "//public.test:8080/", "http://public.test@127.0.0.1/", "https://127.0.0.1/"),
    *(
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "data:text/html,inside",
        "ftp://10.0.0.5/",
        "dict://10.0.0.5/",
    ),
    *("http://nowhere.test/", "http://closed.test:443/", "http://[::1/"),
    "http://public.test/to?http://10.0.0.5/",
)


def payloads() -> list[str]:
    """Return all payloads as addresses to fetch."""
    literals = [f"http://{address}/" for address in (*INSIDE_4, *(f"[{address}]" for address in INSIDE_6), *SPELLINGS)]
    names = [f"http://{name}.test/" for name in NAMES]
    redirects = [f"http://public.test/to?{quote(target)}" for target in TARGETS]
    return [*literals, *names, *ADDRESSES, *redirects, "http://rebind.test/to?http://rebind.test/"]
