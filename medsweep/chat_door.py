"""The door of the chat page: who may ask the model on this machine, and what.

Any page in the person's browser can send requests to this machine. So the address holds a token
that no other page knows; only this page's own host and origin are answered (a foreign name that
points to 127.0.0.1 is neither); and nothing is taken or given but the page and its questions.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Server = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

# of Gradio: files in, files out, pages of other servers; the page itself uses none of them
CLOSED = ("upload", "file", "proxy", "stream", "component_server", "run-history", "deep_link")
HEADERS = {
    "referrer-policy": "no-referrer",  # the address holds the token
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
LARGEST = 1_000_000  # bytes of a request; a question has a few hundred


class Door:
    """An ASGI application before another one, which it mounts at a secret path."""

    def __init__(self, server: Server, port: int, token: str | None = None) -> None:
        self.server = server
        self.token = token or secrets.token_urlsafe(24)
        self.origins = {f"http://127.0.0.1:{port}", f"http://localhost:{port}"}

    @property
    def path(self) -> str:
        """Where the page is, below the host."""
        return f"/{self.token}"

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """As ASGI says: 403 for whoever has no business here, and no word why."""
        if scope["type"] == "lifespan":
            return await self.server(scope, receive, send)
        if scope["type"] != "http" or not self.admits(scope):
            return await _refuse(scope, send)
        return await self.server(scope, receive, _with_headers(send))

    def admits(self, scope: Mapping[str, Any]) -> bool:
        """Whether a request comes from the page, and is one that the page makes."""
        headers = [(name.lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        hosts = [value for name, value in headers if name == b"host"]
        origins = [value for name, value in headers if name == b"origin"]
        sizes = [value for name, value in headers if name == b"content-length"]
        known = {origin.partition("://")[2] for origin in self.origins}
        return (
            len(hosts) == 1
            and hosts[0] in known
            and all(origin in self.origins for origin in origins)
            and all(size.isdecimal() and int(size) <= LARGEST for size in sizes)
            and self._is_open(str(scope["path"]))
        )

    def _is_open(self, path: str) -> bool:
        first, *rest = path.removeprefix("/").split("/")
        odd = "\\" in path or "\0" in path or ".." in rest
        own = secrets.compare_digest(first.encode(), self.token.encode())
        return own and not odd and not any(part.startswith(CLOSED) for part in rest)


def _with_headers(send: Send) -> Send:
    async def sent(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            kept = [(n, v) for n, v in message["headers"] if n.decode().lower() not in HEADERS]
            message = {**message, "headers": [*kept, *own]}
        await send(message)

    return sent


async def _refuse(scope: Mapping[str, Any], send: Send) -> None:
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": 1008})
    await send({"type": "http.response.start", "status": 403, "headers": []})
    return await send({"type": "http.response.body", "body": b""})
