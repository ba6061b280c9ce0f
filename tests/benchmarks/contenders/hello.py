"""The smallest ASGI application: it sends 13 bytes."""

from starlette.types import ASGIApp, Receive, Scope, Send

_HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"13")]


def create_app() -> ASGIApp:
    return _hello_world


async def _hello_world(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": b"Hello, world!"})
