"""A judge's endpoint on this machine: served while a test runs, and the judge that asks it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from trainables.rewards import judge as judge_module
from trainables.rewards.config import JudgeConfig
from trainables.rewards.judge import Judge


@contextmanager
def served(
    server: ThreadingHTTPServer, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Within, the server answers; judges keep their verdicts in `cache` and wait for nobody."""
    monkeypatch.setenv("MEDSWEEP_CACHE", str(cache))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(judge_module, "LONGEST_WAIT", 0.01)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


def judge_of(server: ThreadingHTTPServer, **fields: Any) -> Judge:
    """A judge that asks this server."""
    url = f"http://127.0.0.1:{server.server_port}/v1"
    return Judge(JudgeConfig.model_validate({"base_url": url, "model": "m", **fields}))
