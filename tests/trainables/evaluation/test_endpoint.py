"""An OpenAI-compatible endpoint, played by a server of this process."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from trainables.errors import InputError
from trainables.evaluation.benchmarks.question import Generation, Question
from trainables.evaluation.endpoint import AT_ONCE, ATTEMPTS, Endpoint


class Server(ThreadingHTTPServer):
    """Fails as often as told, then answers with the question's last word."""

    failures: list[int]
    seen: list[dict[str, Any]]
    keys: list[str | None]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append({"path": self.path, **body})
        self.server.keys.append(self.headers.get("Authorization"))
        if self.server.failures:
            self._reply(self.server.failures.pop(0), {"error": f"no: {self.headers}"})
            return
        said = body["messages"][-1]["content"].split()[-1] + f" {body['seed']}"
        self._reply(200, {"choices": [{"message": {"content": f" {said}\n"}}]})

    def _reply(self, code: int, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as found:
        found.failures, found.seen, found.keys = [], [], []
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        yield found
        found.shutdown()


def endpoint(server: Server, system_prompt: str | None = None) -> Endpoint:
    url = f"http://127.0.0.1:{server.server_address[1]}/v1/"
    return Endpoint(url, "doctor", system_prompt, wait_seconds=0.001)


def answers(asked: Endpoint, questions: int, **how: Any) -> dict[int, tuple[str, ...]]:
    found: dict[int, tuple[str, ...]] = {}
    texts = [Question(f"What is {i}") for i in range(questions)]
    asked.answer(texts, Generation(5, **how), lambda i, t: found.update({i: t}))
    return found


def test_every_question_gets_its_answer(server: Server, monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    found = answers(endpoint(server, "Be brief."), 3 * AT_ONCE)
    assert found == {i: (f"{i} 0",) for i in range(3 * AT_ONCE)}
    assert {request["path"] for request in server.seen} == {"/v1/chat/completions"}
    assert server.seen[0]["messages"][0] == {"role": "system", "content": "Be brief."}
    assert (server.seen[0]["model"], server.seen[0]["max_tokens"]) == ("doctor", 5)
    assert server.seen[0]["temperature"] == 0
    assert set(server.keys) == {"Bearer sk-secret"}


def test_samples_differ_in_seed_and_are_warm(server: Server) -> None:
    found = answers(endpoint(server), 1, samples=3, temperature=0.5, seed=7)
    assert found == {0: ("0 7", "0 8", "0 9")}
    assert {request["temperature"] for request in server.seen} == {0.5}


def test_no_key_is_sent_where_there_is_none(server: Server, monkeypatch: Any) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    answers(endpoint(server), 1)
    assert server.keys == [None]


def test_what_passes_is_tried_again(server: Server) -> None:
    server.failures = [429, 503, 500]
    assert answers(endpoint(server), 1) == {0: ("0 0",)}
    assert len(server.seen) == 4


def test_what_does_not_pass_is_told_without_the_key(server: Server, monkeypatch: Any) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    server.failures = [401] * 50
    with pytest.raises(InputError, match="answered 401") as told:
        answers(endpoint(server), 1)
    assert len(server.seen) == 1
    assert "sk-secret" not in str(told.value)
    assert "OPENAI_API_KEY" in str(told.value)


def test_patience_ends(server: Server) -> None:
    server.failures = [503] * 50
    with pytest.raises(InputError, match="answered 503"):
        answers(endpoint(server), 1)
    assert len(server.seen) == ATTEMPTS


def test_nobody_there() -> None:
    asked = Endpoint("http://127.0.0.1:9/v1", "doctor", None, wait_seconds=0.001)
    with pytest.raises(InputError, match="cannot be reached"):
        answers(asked, 1)


def test_what_an_endpoint_cannot_do(server: Server) -> None:
    with pytest.raises(InputError, match="cannot score options"):
        endpoint(server).score([Question("?", ("a",))], lambda *_: None)
    with pytest.raises(InputError, match="is no URL"):
        Endpoint("localhost:8000", "doctor", None)
