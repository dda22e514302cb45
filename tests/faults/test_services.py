"""Services that answer late, half, nonsense or not at all. W&B: tests/sweeps/tracking."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]

from tests.trainables.rewards import endpoint
from tests.trainables.rewards.endpoint import served
from trainables.errors import InputError
from trainables.models.config import ModelConfig
from trainables.models.resolve import resolve
from trainables.rewards.judge import Judge

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: "
ASKED = (
    [[{"role": "user", "content": "What is fever?"}]],
    [[{"role": "assistant", "content": "Heat."}]],
)


class Service(ThreadingHTTPServer):
    """Sends the same bytes to whoever asks, then hangs up; waits first where nothing is to send."""

    daemon_threads = True
    sends = b""
    asked = 0

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.over = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        self.server.asked += 1
        self.rfile.read(int(self.headers["content-length"]))
        if not self.server.sends:
            self.server.over.wait(5)
        self.wfile.write(self.server.sends)
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    server = Service()
    with served(server, tmp_path, monkeypatch):
        yield server
        server.over.set()


def judge_of(service: Service, **fields: Any) -> Judge:
    return endpoint.judge_of(service, **{"retries": 1, **fields})


def whole(body: bytes) -> bytes:
    return HEAD + str(len(body)).encode() + b"\r\n\r\n" + body


JUDGES: dict[str, tuple[bytes, str, int]] = {  # what it sends, what is said, how often it is asked
    "never answers": (b"", "did not answer: timed out", 2),
    "hangs up": (b"\r\n", "did not answer: ", 2),
    "half an answer": (HEAD + b'900\r\n\r\n{"choices": [', "did not answer: ", 2),
    "a web page": (whole(b"<html>Welcome</html>"), "no chat completion: '<html>Welcome", 1),
    "a list": (whole(b"[1, 2]"), "no chat completion", 1),
    "no choices": (whole(b'{"choices": []}'), "no chat completion", 1),
    "choices of text": (whole(b'{"choices": ["good"]}'), "no chat completion", 1),
    "usage of text": (
        whole(b'{"choices": [{"message": {"content": "7"}}], "usage": {"prompt_tokens": "x"}}'),
        "no chat completion",
        1,
    ),
    "refuses": (b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n", "status 403", 1),
    "fails": (b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", "status 500", 2),
    "a circle": (
        b"HTTP/1.1 307 There\r\nlocation: /v1/chat/completions\r\ncontent-length: 0\r\n\r\n",
        "status 307",
        1,
    ),
}


@pytest.mark.parametrize("case", JUDGES)
def test_a_judge_that_gives_no_verdict(case: str, service: Service) -> None:
    service.sends, said, times = JUDGES[case]
    fields = {"timeout_seconds": 0.2} if case == "never answers" else {}
    with pytest.raises(InputError) as error:
        judge_of(service, **fields)(*ASKED)
    assert said in str(error.value)
    assert error.value.field == "reward.judge.base_url"
    assert service.asked == times


def test_a_damaged_verdict_in_the_cache_is_asked_for_again(
    service: Service, tmp_path: Path
) -> None:
    service.sends = whole(b'{"choices": [{"message": {"content": "7"}}]}')
    judge = judge_of(service)
    assert judge(*ASKED) == [0.7]
    assert judge(*ASKED) == [0.7]
    assert service.asked == 1
    (kept,) = (tmp_path / "judge").glob("*.json")
    for damage in ("", '{"score"', "[]", '{"score": null}'):
        kept.write_text(damage)
        assert judge(*ASKED) == [0.7]
    assert service.asked == 5


CUT = "Consistency check failed: file should be of size 9 but has size 4 (model.safetensors)"


@pytest.mark.parametrize(
    "error",
    [
        OSError(CUT),
        OSError(28, "No space left on device"),
        HTTPError("peer closed connection"),
        TimeoutError("The read operation timed out"),
    ],
)
def test_a_hub_that_answers_half(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(*_: Any, **__: Any) -> str:
        raise error

    monkeypatch.setattr("huggingface_hub.snapshot_download", cut)
    with pytest.raises(InputError, match="could not be downloaded whole: ") as told:
        resolve(ModelConfig(name_or_path="some/model"))
    assert "what has come is kept" in str(told.value)


def test_a_hub_that_leaves_files_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / "model.safetensors.incomplete").write_bytes(b"half")
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: str(tmp_path))
    with pytest.raises(InputError, match="is half a download"):
        resolve(ModelConfig(name_or_path="some/model"))
