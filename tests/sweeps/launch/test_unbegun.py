"""A run that is refused before it began leaves nothing; one that has begun stays."""

import json
from pathlib import Path
from typing import Any

import pytest

from cluster.errors import ClusterError
from sweeps.launch import on_ray
from sweeps.reading.loading import load_spec
from sweeps.spec.errors import SpecError
from tests.sweeps.fakes import FakePreparation

REFUSED = (
    ClusterError("cluster.address", "x:1", "nothing answers there", "Check host and port"),
    SpecError([]),
)


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)
    monkeypatch.setattr(on_ray, "make_ready", lambda *_: None)
    monkeypatch.setattr(on_ray, "fingerprints_of", lambda *_: {})
    monkeypatch.setattr(
        on_ray, "new_sweep", lambda spec, ledger, told: on_ray.Sweep(spec, ledger, progress=told)
    )


def begin(folder: Path, monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
    monkeypatch.setattr(on_ray, "run_on_ray", run)
    on_ray.new_run(load_spec("toy", []), folder, lambda *_: [], lambda _: None)


@pytest.mark.parametrize("error", REFUSED)
def test_a_refused_run_can_be_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    folder = tmp_path / "runs" / "toy"

    def refused(*_: Any) -> None:
        assert (folder / "spec.resolved.json").is_file()
        raise error

    for _ in range(2):  # the second is no run of a name that exists
        with pytest.raises(type(error)):
            begin(folder, monkeypatch, refused)
        assert not folder.exists()
    folder.mkdir()
    (folder / "mine.txt").write_text("not the sweep's")
    with pytest.raises(type(error)):
        begin(folder, monkeypatch, refused)
    assert {path.name for path in folder.iterdir()} <= {"mine.txt", ".lock"}
    assert (folder / "mine.txt").read_text() == "not the sweep's"


def test_a_run_with_a_trial_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "toy"

    def lost(*_: Any) -> None:
        (folder / "base/k").mkdir(parents=True)
        entry = {"trial": "base", "number": 0, "config": {}}
        (folder / "base/k/config.json").write_text(json.dumps(entry))
        raise REFUSED[0]

    with pytest.raises(ClusterError):
        begin(folder, monkeypatch, lost)
    assert (folder / "spec.resolved.json").is_file()
    with pytest.raises(SpecError, match="exists"):
        begin(folder, monkeypatch, lost)


def test_an_interrupted_run_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*_: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        begin(tmp_path / "toy", monkeypatch, pressed)
    assert (tmp_path / "toy/spec.resolved.json").is_file()  # `resume` goes on with it
