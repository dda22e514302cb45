"""The driver ends by itself, and says how to go on, where Ray's own processes have died."""

import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cluster.session import Session
from sweeps.launch import ray_death
from sweeps.launch.ray_death import watched
from tests.sweeps.fakes import make_spec, make_sweep

# what takes the place of the process' end ends its thread
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


class Ended(threading.Event):
    """Takes the place of this process' end."""

    def __call__(self, code: int) -> None:
        self.code = code
        self.set()
        raise SystemExit  # of its thread, which would go on into the next test


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> Ended:
    end = Ended()
    monkeypatch.setattr(ray_death, "LOOK", 0.01)
    monkeypatch.setattr(ray_death, "NOTICE_SECONDS", 0.1)
    monkeypatch.setattr(ray_death, "CLOSE_SECONDS", 0.2)
    monkeypatch.setattr(os, "_exit", end)
    return end


class Dying(Session):
    """A Ray whose head dies when told to."""

    word, left = "", False

    def dead(self) -> str:
        return self.word

    def abandon(self) -> None:
        self.left = True


def test_it_says_how_to_go_on_and_ends(ended: Ended, tmp_path: Path) -> None:
    sweep, said = make_sweep(make_spec(), tmp_path), list[str]()
    sweep.say = said.append
    session = Dying("local", "")
    with watched(session, sweep):
        assert not ended.wait(0.1)
        session.word = "the head"
        assert ended.wait(5)
    assert ended.code == 1
    assert session.left
    assert said[0].startswith("error: the head died")
    assert said[-1] == f"Go on with: medsweep resume {tmp_path}"


@pytest.mark.parametrize("word", ["", "the head"])
def test_an_error_is_another_ones_unless_ray_is_dead(
    ended: Ended, tmp_path: Path, word: str
) -> None:
    session = Dying("local", "")

    def fails() -> None:
        with watched(session, make_sweep(make_spec(), tmp_path)):
            session.word = word
            raise ConnectionError("of Ray, or of ours")

    with pytest.raises(ConnectionError):
        fails()
    assert ended.is_set() == bool(word)


@pytest.mark.parametrize(
    ("codes", "said"), [((None, None), ""), ((-9, None), "the GCS"), ((None, 0), "the raylet")]
)
def test_its_own_processes_are_asked_by_number(
    monkeypatch: pytest.MonkeyPatch, codes: tuple[Any, Any], said: str
) -> None:
    both = zip(("gcs_server", "raylet"), codes, strict=True)
    processes = {name: [_process(code)] for name, code in both}
    node = SimpleNamespace(all_processes=processes)
    monkeypatch.setattr("ray._private.worker._global_node", node)
    dead = Session("local", "").dead()
    assert said in dead
    assert bool(dead) == bool(said)


def _process(code: int | None) -> Any:
    return SimpleNamespace(process=SimpleNamespace(poll=lambda: code))


def test_a_joined_head_is_dead_once_it_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    session, alive = Session("ray", ""), [True]

    def exists(*_: Any, **__: Any) -> bool:
        if not alive[0]:
            raise ConnectionError
        return False

    client = SimpleNamespace(internal_kv_exists=exists)
    monkeypatch.setattr("ray._private.worker._global_node", object())
    monkeypatch.setattr("ray._private.worker.global_worker", SimpleNamespace(gcs_client=client))
    assert session.dead() == ""
    alive[0] = False
    assert session.dead() == ""
    session.answered -= 13
    assert "head of the Ray cluster" in session.dead()
    alive[0] = True
    assert session.dead() == ""
