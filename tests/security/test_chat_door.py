"""The chat page answers its own page in this machine's browser, and nobody else."""

import asyncio
import json
import socket
from typing import Any

import pytest

from medsweep.chat_door import HEADERS, LARGEST, Door
from medsweep.chat_page import _listening
from trainables.errors import InputError

PORT = 7860
TOKEN = "t" * 32
OWN = {"host": f"127.0.0.1:{PORT}"}
PAGE = f"/{TOKEN}/"


async def _page(scope: dict[str, Any], receive: Any, send: Any) -> None:
    echoed = [(b"access-control-allow-origin", b"*"), (b"cache-control", b"public")]
    await send({"type": "http.response.start", "status": 200, "headers": echoed})
    await send({"type": "http.response.body", "body": b"page"})


def _asked(path: str, headers: dict[str, str], kind: str = "http") -> list[dict[str, Any]]:
    """What the door sends in answer to one request."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": kind, "path": path, "headers": raw, "method": "GET"}
    asyncio.run(Door(_page, PORT, TOKEN)(scope, receive, send))
    return sent


@pytest.mark.parametrize("host", [f"127.0.0.1:{PORT}", f"localhost:{PORT}"])
@pytest.mark.parametrize("path", ["", "config", "assets/a.js", "gradio_api/queue/join"])
def test_its_own_page_is_answered(host: str, path: str) -> None:
    sent = _asked(PAGE + path, {"host": host, "origin": f"http://{host}", "content-length": "99"})
    assert sent[0]["status"] == 200
    given = dict(sent[0]["headers"])
    assert {name: given[name.encode()].decode() for name in HEADERS} == HEADERS


STRANGERS: dict[str, tuple[str, dict[str, str]]] = {
    "no token": ("/", OWN),
    "another token": (f"/{'s' * 32}/", OWN),
    "a part of it": (f"/{TOKEN[:-1]}/", OWN),
    "not in ASCII": ("/é/", OWN),
    "a name that was rebound": (PAGE, {"host": f"evil.test:{PORT}"}),
    "the same, and its origin": (
        PAGE,
        {"host": f"evil.test:{PORT}", "origin": f"http://evil.test:{PORT}"},
    ),
    "another port's": (PAGE, {"host": f"127.0.0.1:{PORT + 1}"}),
    "no host": (PAGE, {}),
    "a foreign origin": (PAGE, {**OWN, "origin": "http://evil.test"}),
    "a file's origin": (PAGE, {**OWN, "origin": "null"}),
    "https of it": (PAGE, {**OWN, "origin": f"https://127.0.0.1:{PORT}"}),
    "a larger number": (PAGE, {**OWN, "content-length": str(LARGEST + 1)}),
    "no number": (PAGE, {**OWN, "content-length": "-1"}),
    **{
        path: (PAGE + path, OWN)
        for path in (
            *("gradio_api/upload", "upload", "gradio_api/file=/etc/passwd", "file/x"),
            *("gradio_api/proxy=http://evil.test", "gradio_api/stream/x", "gradio_api/run-history"),
            *("../etc/passwd", "assets/../../x", "assets/..\\x", "static/a\0b"),
        )
    },
}


@pytest.mark.parametrize(("path", "headers"), STRANGERS.values(), ids=STRANGERS)
def test_whoever_else_is_refused_without_a_word(path: str, headers: dict[str, str]) -> None:
    assert _asked(path, headers) == [
        {"type": "http.response.start", "status": 403, "headers": []},
        {"type": "http.response.body", "body": b""},
    ]


def test_two_hosts_are_refused() -> None:
    door = Door(_page, PORT, TOKEN)
    headers = [(b"host", OWN["host"].encode()), (b"Host", b"evil.test")]
    assert not door.admits({"path": PAGE, "headers": headers})


def test_no_socket_is_opened() -> None:
    assert _asked(PAGE, OWN, "websocket") == [{"type": "websocket.close", "code": 1008}]


def test_tokens_are_random_and_long() -> None:
    tokens = {Door(_page, PORT).token for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) >= 32


def test_it_listens_on_loopback_alone_and_says_that_a_port_is_taken() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    with _listening(free) as own:
        own.listen()
        assert own.getsockname() == ("127.0.0.1", free)
        with pytest.raises(InputError, match="is taken"), _listening(free):
            pass


def test_the_real_page_stands_behind_it() -> None:
    pytest.importorskip("gradio")
    import httpx

    from medsweep.chat_page import guarded, page

    class Pair:
        def stream(self, question: str, tuned: bool, sampling: Any) -> Any:
            yield f"<img src=x onerror=alert(1)> {question}"

    door = guarded(page(Pair(), "m", "EXP-001", 16, []), PORT)  # type: ignore[arg-type]

    async def ask() -> None:
        transport = httpx.ASGITransport(door)  # type: ignore[arg-type]
        base = f"http://127.0.0.1:{PORT}"
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            assert (await client.get(f"{door.path}/")).status_code == 200
            config = (await client.get(f"{door.path}/config")).json()
            assert "EXP-001" in json.dumps(config)
            foreign = {"origin": "http://evil.test"}
            refused = await client.get(f"{door.path}/config", headers=foreign)
            assert refused.status_code == 403
            assert "access-control-allow-origin" not in refused.headers

    asyncio.run(ask())
