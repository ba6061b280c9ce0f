"""A program inside the namespace: fetches everything, with and without the guard, and prints the outcomes as JSON."""

import asyncio
import gc
import json
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from pathlib import Path
from typing import Any

import httpx

from app.core.errors import DatelineError
from app.fetch import PAGE_TYPES, Fetcher
from tests.fetching import hostile, namespace
from tests.fetching.internet import PORTS, Internet
from tests.fetching.payloads import payloads

Outcome = dict[str, Any]

# Networks of the operator without any payload: they allow every port, and no address of the payloads.
NETWORKS = (IPv4Network("10.99.0.0/16"),)


def allow_all(_address: IPv4Address | IPv6Address) -> bool:
    return True


async def fetch(fetcher: Fetcher, url: str, **options: Any) -> Outcome:
    began = time.monotonic()
    try:
        page = await fetcher.get(url, **options)
        result: Outcome = {
            "url": page.url,
            "status": page.status,
            "body": page.decode_text()[:80],
            "size": len(page.body),
        }
        result |= {"redirects": page.redirects}
    except DatelineError as error:
        result = {"error": error.slug, "status": error.status, "detail": error.detail, "extensions": error.extensions}
    except Exception as error:
        result = {"error": repr(error)}
    return result | {"seconds": time.monotonic() - began}


async def post(fetcher: Fetcher, url: str) -> Outcome:
    try:
        return {"status": (await fetcher.post(url, b"{}", {})).status}
    except DatelineError as error:
        return {"error": error.slug}


async def fetch_all(urls: Iterable[str], fetch: Callable[[str], Awaitable[Outcome]]) -> dict[str, Outcome]:
    """Fetch all addresses at once, and return their outcomes."""
    urls = list(urls)
    return dict(zip(urls, await asyncio.gather(*map(fetch, urls)), strict=True))


async def fetch_unguarded(client: httpx.AsyncClient, url: str) -> Outcome:
    try:
        return {"body": (await client.get(url)).text[:80]}
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
        return {"error": repr(error)}


async def fetch_payloads(internet: Internet) -> Outcome:
    """Fetch the payloads guarded, with a policy that allows every address, and with httpx alone."""
    urls = payloads()
    results: Outcome = {}
    async with Fetcher(timeout=10, networks=NETWORKS) as guarded:
        results["posted"] = await fetch_all(urls, lambda url: post(guarded, url))
        results["inside_posted"] = internet.inside()
    internet.forget()
    async with Fetcher(timeout=10) as guarded:
        results["guarded"] = await fetch_all(urls, lambda url: fetch(guarded, url))
        results["inside"] = internet.inside()
    internet.forget()
    async with Fetcher(timeout=10, allowed=allow_all, ports=PORTS) as opened:
        results["open"] = await fetch_all(urls, lambda url: fetch(opened, url))
        results["inside_open"] = internet.inside()
    internet.forget()
    async with httpx.AsyncClient(verify=False, timeout=10, follow_redirects=True, trust_env=False) as bare:
        results["bare"] = await fetch_all(urls, lambda url: fetch_unguarded(bare, url))
    internet.forget()
    return results


STUCK = ("http://silent.test/", "https://tarpit.test/")
ALIKE = ("http://10.0.0.5/", "http://private10.test/", "http://nowhere.test/", "https://closed.test/", "gopher://x/")
FINE = (
    *("http://public.test/", "http://PUBLIC.test.:80/a?ü#x", "http://six.test/", "http://dns64.test/"),
    *("http://alias.test/", "http://half.test/", "http://93.184.216.34/", "http://rebind-back.test/"),
    *("http://public.test/hops?5", "http://public.test/hops?6", "http://public.test/to?//six.test/"),
    *(f"http://public.test/{name}" for name in ("zipped", "deflated", "deflated-raw", "in-full", "koi8", "base64")),
    "http://public.test/length-twice",
    *("http://public.test/longer", "http://public.test/to?%5C%5C10.0.0.5/", "http://public.test/to?/a%20b"),
)


async def fetch_pages(internet: Internet) -> Outcome:
    """Fetch harmless pages, record the request heads, and measure refusals."""
    results: Outcome = {}
    async with Fetcher(user_agent="Dateline (+https://newsroom.example/bot)") as fetcher:
        results["fine"] = await fetch_all(FINE, lambda url: fetch(fetcher, url, accept=PAGE_TYPES))
        results["heads"] = [head for head in internet.heads if " /to" in head or "six.test" in head]
        results["conditional"] = await fetch(
            fetcher, "http://public.test/etag", headers={"If-None-Match": '"one"'}, accept=PAGE_TYPES
        )
        results["alike"] = await fetch_all(ALIKE, lambda url: fetch(fetcher, url))
    results["inside_pages"] = internet.inside()
    return results


def get_peak_memory() -> int:
    """Return the peak memory of this program in bytes; getrusage would include the parent's."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


async def fetch_hostile_pages(internet: Internet) -> Outcome:
    """Fetch hostile pages one after the other, and measure by how many bytes the process grows."""
    gc.disable()  # unclosed objects must stay open
    before = get_peak_memory()
    async with Fetcher(timeout=1) as hasty, Fetcher() as patient:

        async def meet(name: str) -> Outcome:
            fetcher = hasty if name in hostile.SLOW else patient
            return await fetch(fetcher, f"http://public.test/{name}", accept=PAGE_TYPES)

        slow = asyncio.gather(fetch_all(hostile.SLOW, meet), fetch_all(STUCK, lambda url: fetch(hasty, url)))
        results = {name: await meet(name) for name in sorted(hostile.ENDS.keys() - set(hostile.SLOW))}
        slowly, stuck = await slow
    await asyncio.sleep(0.1)  # until the tarpit has noticed
    gc.enable()
    grown = get_peak_memory() - before
    return {"hostile": results | slowly, "grown": grown, "stuck": stuck, "left": internet.left}


def create_tls_contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext] | None:
    """Create TLS contexts of a server with a self-signed certificate of public.test, and of a client that trusts it."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=public.test", "-addext", "subjectAltName=DNS:public.test"]
    try:
        subprocess.run([*command, *names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    except OSError:
        return None
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))


async def fetch_over_tls(internet: Internet, trusting: ssl.SSLContext) -> Outcome:
    async with Fetcher() as careful, Fetcher(tls=trusting) as trusted:
        results = {
            "unknown": await fetch(careful, "https://public.test/"),
            "known": await fetch(trusted, "https://public.test/"),
            "other": await fetch(trusted, "https://alias.test/"),
        }
    return {"tls": results | {"names": internet.names}}


async def fetch_everything(contexts: tuple[ssl.SSLContext, ssl.SSLContext] | None) -> Outcome:
    internet = Internet(contexts[0] if contexts else None)
    async with internet.up():
        # Memory first: later, growth would be hidden by freed memory.
        results = await fetch_hostile_pages(internet) | await fetch_payloads(internet) | await fetch_pages(internet)
        return results | (await fetch_over_tls(internet, contexts[1]) if contexts else {"tls": None})


if __name__ == "__main__":
    namespace.prepare()
    with tempfile.TemporaryDirectory() as folder:
        contexts = create_tls_contexts(Path(folder))
    json.dump(asyncio.run(fetch_everything(contexts)), sys.stdout)
