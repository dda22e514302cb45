"""W&B from end to end: against a stub of its server, without one, and against a silent one."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from sweeps.spec.sections import TrackingConfig
from sweeps.tracking.queue import make_trackers
from sweeps.tracking.tracker import SweepInfo, TrialInfo
from tests.sweeps.tracking.wandb_server import SWEEP, WandbServer, wandb_server

ROOT = Path(__file__).resolve().parents[3]
KEY = "a1b2" * 10
PARAMETERS: dict[str, dict[str, Any]] = {
    "lora.r": {"values": [8, 16], "when": {"model.quantization": "nf4"}},
    "training.learning_rate": {"distribution": "log_uniform_values", "min": 1e-5, "max": 1e-3},
    "reward.weights": {"simplex": ["fluency", "safety"]},
}
SPEC = {"search": {"sampler": "tpe", "objective": {"metric": "val_loss", "mode": "min"}}}


def _sweep(folder: Path) -> SweepInfo:
    return SweepInfo("flashcards", folder, SPEC, PARAMETERS)


def _trial(number: int) -> TrialInfo:
    parameters = {"lora.r": 8 * number, "reward.weights": {"fluency": 0.25, "safety": 0.75}}
    config = {"kind": "sft", "lora.r": 8 * number, "training.learning_rate": 1e-4}
    return TrialInfo(f"EXP-00{number}", f"EXP-0{number} (Baseline)", parameters, config)


def _tracking(mode: str, **more: Any) -> TrackingConfig:
    return TrackingConfig.model_validate({"wandb": {"mode": mode, **more}})


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_SWEEP_ID", "not-ours")
    monkeypatch.setenv("WANDB_RUN_ID", "not-ours")


def _two_trials(folder: Path, tracking: TrackingConfig, warnings: list[str]) -> None:
    """Two trials at the same time, the second one failing."""
    queue = make_trackers(tracking, _sweep(folder), warnings.append)
    queue.trial_started(_trial(1))
    queue.trial_started(_trial(2))
    for step in (1, 2, 3):
        for trial in ("EXP-001", "EXP-002"):
            queue.metrics(trial, step, {"train_loss": 1.0 / step, "step": step})
            queue.metrics(trial, step, {"val_loss": 2.0 / step})
    adapter = folder / "trials/EXP-001/adapter"
    adapter.mkdir(parents=True, exist_ok=True)
    (adapter / "adapter_config.json").write_text("{}")
    final = {"val_loss": 0.125, "minutes": 1.5, "gpu_peak_gb": None}
    queue.trial_finished("EXP-001", {"state": "complete", "metrics": final}, adapter)
    queue.trial_finished("EXP-002", {"state": "failed", "metrics": {}, "error": "oom"}, None)
    queue.close(60)


@pytest.fixture(scope="module")
def online(tmp_path_factory: pytest.TempPathFactory) -> tuple[WandbServer, Path, list[str]]:
    """A sweep that ran online, and what the server was told."""
    folder = tmp_path_factory.mktemp("online")
    warnings: list[str] = []
    with wandb_server() as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_BASE_URL", server.url)
        patch.setenv("WANDB_API_KEY", KEY)
        patch.setenv("WANDB_SWEEP_ID", "not-ours")
        patch.setenv("WANDB_RUN_ID", "not-ours")
        patch.setenv("WANDB_RUN_GROUP", "not-ours")
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("HOME", str(folder / "home"))
        _two_trials(folder, _tracking("online", project="medsweep"), warnings)
    return server, folder, warnings


def _runs(server: WandbServer) -> dict[str, dict[str, Any]]:
    """The first UpsertBucket of each run, by the name that W&B shows."""
    found: dict[str, dict[str, Any]] = {}
    for call in server.named("UpsertBucket"):
        if call.get("displayName"):
            found.setdefault(call["displayName"], call)
    return found


def test_the_sweep_is_registered_with_our_parameters(
    online: tuple[WandbServer, Path, list[str]],
) -> None:
    [call] = online[0].named("UpsertSweep")
    registered = yaml.safe_load(call["config"])
    assert call["projectName"] == "medsweep"
    assert registered["name"] == "flashcards"
    assert registered["method"] == "bayes"
    assert registered["metric"] == {"name": "val_loss", "goal": "minimize"}
    parameters = registered["parameters"]
    assert parameters["lora.r"] == {"values": [8, 16]}
    assert parameters["training.learning_rate"]["distribution"] == "log_uniform_values"
    assert float(parameters["training.learning_rate"]["min"]) == 1e-5
    assert parameters["reward.weights"] == {"value": ["fluency", "safety"]}
    assert parameters["reward.weights.safety"] == {
        "distribution": "uniform",
        "min": 0.0,
        "max": 1.0,
    }


def test_every_run_is_attached_and_grouped(online: tuple[WandbServer, Path, list[str]]) -> None:
    runs = _runs(online[0])
    assert sorted(runs) == ["EXP-001", "EXP-002"]
    assert {run["sweep"] for run in runs.values()} == {SWEEP}
    assert {run["groupName"] for run in runs.values()} == {"flashcards"}
    assert runs["EXP-001"]["notes"] == "EXP-01 (Baseline)"
    assert runs["EXP-001"]["tags"] == ["EXP-01 (Baseline)"]


def test_config_keys_are_the_dotted_paths(online: tuple[WandbServer, Path, list[str]]) -> None:
    config = json.loads(_runs(online[0])["EXP-002"]["config"])
    config.pop("_wandb")
    values = {path: entry["value"] for path, entry in config.items()}
    assert values == {
        "kind": "sft",
        "lora.r": 16,
        "training.learning_rate": 1e-4,
        "reward.weights": '{"fluency": 0.25, "safety": 0.75}',
        "reward.weights.fluency": 0.25,
        "reward.weights.safety": 0.75,
    }


def test_history_and_summary_arrive(online: tuple[WandbServer, Path, list[str]]) -> None:
    server = online[0]
    run = _runs(server)["EXP-001"]["name"]
    history = server.lines(run, "wandb-history.jsonl")
    assert [(row["_step"], row["val_loss"]) for row in history] == [
        (1, 2.0),
        (2, 1.0),
        (3, pytest.approx(2 / 3)),
    ]
    assert history[0]["train_loss"] == 1.0
    summary = server.lines(run, "wandb-summary.json")[-1]
    assert (summary["val_loss"], summary["minutes"]) == (0.125, 1.5)
    assert summary["state"] == "complete"
    assert "gpu_peak_gb" not in summary


def test_how_each_run_ended(online: tuple[WandbServer, Path, list[str]]) -> None:
    server = online[0]
    runs = {run["name"]: trial for trial, run in _runs(server).items()}
    ended = {runs[name]: body["exitcode"] for name, body in server.streams if "exitcode" in body}
    assert ended == {"EXP-001": 0, "EXP-002": 1}


def test_all_went_well_and_no_key_is_in_a_file(
    online: tuple[WandbServer, Path, list[str]],
) -> None:
    _, folder, warnings = online
    assert warnings == []
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert any(file.suffix == ".wandb" for file in files)
    assert not [file for file in files if KEY.encode() in file.read_bytes()]


def test_a_resumed_trial_goes_on_in_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    with wandb_server() as server:
        monkeypatch.setenv("WANDB_BASE_URL", server.url)
        for _ in range(2):
            queue = make_trackers(_tracking("online"), _sweep(tmp_path), warnings.append)
            queue.trial_started(_trial(1))
            queue.metrics("EXP-001", 1, {"val_loss": 1.0})
            queue.close(60)
        names = [c["name"] for c in server.named("UpsertBucket") if c.get("displayName")]
        assert len(names) == 2
        assert len(set(names)) == 1
        assert {c["name"] for c in server.named("RunResumeStatus")} == set(names)
        assert len(server.named("UpsertSweep")) == 1
    assert warnings == []


def test_offline_keeps_everything_in_the_run_folder(tmp_path: Path) -> None:
    warnings: list[str] = []
    run = tmp_path / "run"
    _two_trials(run, _tracking("offline", log_adapter=True), warnings)
    assert warnings == []
    written = sorted(run.glob("wandb/offline-run-*/*.wandb"))
    assert len(written) == 2
    content = written[0].read_bytes()
    assert b"training.learning_rate" in content
    assert b"adapter_config.json" in content  # the artifact's entry


def _closed(queue_seconds: float, tracking: TrackingConfig, folder: Path) -> list[str]:
    """Send 200 events and close; every send takes less than 1 ms in the median, 50 ms at worst."""
    warnings: list[str] = []
    queue = make_trackers(tracking, _sweep(folder), warnings.append)
    queue.trial_started(_trial(1))
    took = []
    for step in range(200):
        started = time.perf_counter()
        queue.metrics("EXP-001", step, {"val_loss": 1.0})
        took.append(time.perf_counter() - started)
    assert sorted(took)[100] < 1e-3
    assert max(took) < 0.05
    started = time.monotonic()
    queue.close(queue_seconds)
    assert time.monotonic() - started < queue_seconds + 2
    return warnings


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{_free_port()}")
    assert _closed(3, _tracking("online"), tmp_path)


def test_a_server_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        warnings = _closed(3, _tracking("online"), tmp_path)
    assert any("did not finish within 3 s" in warning for warning in warnings)
    assert any("wandb sync" in warning for warning in warnings)
    left = [one for one in psutil.Process().children(recursive=True) if _is_alive(one)]
    assert psutil.wait_procs(left, timeout=5)[1] == []


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_without_a_key_it_goes_on_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_API_KEY")
    warnings: list[str] = []
    _two_trials(tmp_path, _tracking("online"), warnings)
    [warning] = warnings
    assert "wandb login" in warning
    assert len(list(tmp_path.glob("wandb/offline-run-*/*.wandb"))) == 2


DRIVER = """
import sys, pathlib
from tests.sweeps.tracking import test_wandb as t
queue = t.make_trackers(t._tracking("online"), t._sweep(pathlib.Path(sys.argv[1])), print)
queue.trial_started(t._trial(1))
if sys.argv[2] == "close":
    queue.close(2)
assert "wandb" not in sys.modules
print("end of the driver")
"""


@pytest.mark.parametrize("end", ["close", "forgets to close"])
def test_the_driver_exits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        command = [sys.executable, "-c", DRIVER, str(tmp_path), end]
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True
        )
    assert "end of the driver" in done.stdout


def test_a_killed_driver_leaves_no_process_behind(tmp_path: Path) -> None:
    code = DRIVER.replace('"online"', '"offline"').replace('print("end', 'input("end')
    driver = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path), "no"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    _wait_for(lambda: bool(list(tmp_path.glob("wandb/offline-run-*/*.wandb"))))
    children = psutil.Process(driver.pid).children(recursive=True)
    assert children
    driver.kill()
    driver.wait(10)
    assert psutil.wait_procs(children, timeout=30)[1] == []


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_wandb_never_imports_our_sweeps(tmp_path: Path) -> None:
    """In a process where `sweeps` cannot be imported at all, what we use of wandb still works."""
    code = (
        "import sys; sys.modules['sweeps'] = None\n"
        "import wandb, wandb.apis.public.sweeps, wandb.sdk.launch.sweeps.utils\n"
        "run = wandb.init(mode='offline', dir=sys.argv[1], reinit='create_new')\n"
        "run.log({'a': 1}); run.finish()\n"
        "assert 'wandb.wandb_controller' not in sys.modules\n"
        "assert 'wandb.sdk.sweeps.scheduler.wandb' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=60)
