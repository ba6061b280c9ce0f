"""Runs inside the namespace: fetches everything, with the guard and without, and prints what came of it as JSON."""

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

# Of the operator's own, in which none of the payloads is: so that every port is a target, and no address is.
NETWORKS = (IPv4Network("10.99.0.0/16"),)


def anything(_address: IPv4Address | IPv6Address) -> bool:
    return True


async def outcome(fetcher: Fetcher, url: str, **options: Any) -> Outcome:
    began = time.monotonic()
    try:
        page = await fetcher.get(url, **options)
        shown: Outcome = {
            "url": page.url,
            "status": page.status,
            "body": page.decode_text()[:80],
            "size": len(page.body),
        }
        shown |= {"redirects": page.redirects}
    except DatelineError as error:
        shown = {"error": error.slug, "status": error.status, "detail": error.detail, "extensions": error.extensions}
    except Exception as error:
        shown = {"error": repr(error)}
    return shown | {"seconds": time.monotonic() - began}


async def posted(fetcher: Fetcher, url: str) -> Outcome:
    try:
        return {"status": (await fetcher.post(url, b"{}", {})).status}
    except DatelineError as error:
        return {"error": error.slug}


async def each(urls: Iterable[str], fetch: Callable[[str], Awaitable[Outcome]]) -> dict[str, Outcome]:
    """The outcomes of fetching them all at once."""
    urls = list(urls)
    return dict(zip(urls, await asyncio.gather(*map(fetch, urls)), strict=True))


async def without_any_guard(client: httpx.AsyncClient, url: str) -> Outcome:
    try:
        return {"body": (await client.get(url)).text[:80]}
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
        return {"error": repr(error)}


async def attacks(internet: Internet) -> Outcome:
    """What each payload comes to: guarded, with a policy that allows every address, and with httpx alone."""
    urls = payloads()
    results: Outcome = {}
    async with Fetcher(timeout=10, networks=NETWORKS) as guarded:
        results["posted"] = await each(urls, lambda url: posted(guarded, url))
        results["inside_posted"] = internet.inside()
    internet.forget()
    async with Fetcher(timeout=10) as guarded:
        results["guarded"] = await each(urls, lambda url: outcome(guarded, url))
        results["inside"] = internet.inside()
    internet.forget()
    async with Fetcher(timeout=10, allowed=anything, ports=PORTS) as opened:
        results["open"] = await each(urls, lambda url: outcome(opened, url))
        results["inside_open"] = internet.inside()
    internet.forget()
    async with httpx.AsyncClient(verify=False, timeout=10, follow_redirects=True, trust_env=False) as bare:
        results["bare"] = await each(urls, lambda url: without_any_guard(bare, url))
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


async def pages(internet: Internet) -> Outcome:
    """Pages that are as they should be, what they were sent, and the times that refusals take."""
    results: Outcome = {}
    async with Fetcher(user_agent="Dateline (+https://newsroom.example/bot)") as fetcher:
        results["fine"] = await each(FINE, lambda url: outcome(fetcher, url, accept=PAGE_TYPES))
        results["heads"] = [head for head in internet.heads if " /to" in head or "six.test" in head]
        results["conditional"] = await outcome(
            fetcher, "http://public.test/etag", headers={"If-None-Match": '"one"'}, accept=PAGE_TYPES
        )
        results["alike"] = await each(ALIKE, lambda url: outcome(fetcher, url))
    results["inside_pages"] = internet.inside()
    return results


def most_memory() -> int:
    """The most bytes that this program has had in memory; getrusage would count who started it, too."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


async def hostilities(internet: Internet) -> Outcome:
    """What hostile pages come to, and by how many bytes one after the other makes the process grow."""
    gc.disable()  # what is left open shall stay open
    before = most_memory()
    async with Fetcher(timeout=1) as hasty, Fetcher() as patient:

        async def meet(name: str) -> Outcome:
            fetcher = hasty if name in hostile.SLOW else patient
            return await outcome(fetcher, f"http://public.test/{name}", accept=PAGE_TYPES)

        slow = asyncio.gather(each(hostile.SLOW, meet), each(STUCK, lambda url: outcome(hasty, url)))
        results = {name: await meet(name) for name in sorted(hostile.ENDS.keys() - set(hostile.SLOW))}
        slowly, stuck = await slow
    await asyncio.sleep(0.1)  # until the tarpit has noticed
    gc.enable()
    grown = most_memory() - before
    return {"hostile": results | slowly, "grown": grown, "stuck": stuck, "left": internet.left}


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext] | None:
    """Contexts of a server that is public.test by its own word, and of a client that takes that word."""
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


async def secured(internet: Internet, trusting: ssl.SSLContext) -> Outcome:
    async with Fetcher() as careful, Fetcher(tls=trusting) as trusted:
        results = {
            "unknown": await outcome(careful, "https://public.test/"),
            "known": await outcome(trusted, "https://public.test/"),
            "other": await outcome(trusted, "https://alias.test/"),
        }
    return {"tls": results | {"names": internet.names}}


async def everything(contexts: tuple[ssl.SSLContext, ssl.SSLContext] | None) -> Outcome:
    internet = Internet(contexts[0] if contexts else None)
    async with internet.up():
        # Memory first: later it would hide in what has been freed meanwhile.
        results = await hostilities(internet) | await attacks(internet) | await pages(internet)
        return results | (await secured(internet, contexts[1]) if contexts else {"tls": None})


if __name__ == "__main__":
    namespace.prepare()
    with tempfile.TemporaryDirectory() as folder:
        contexts = certificate(Path(folder))
    json.dump(asyncio.run(everything(contexts)), sys.stdout)
