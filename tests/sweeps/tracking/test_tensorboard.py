"""TensorBoard's files, read back by TensorBoard itself."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

from sweeps.spec.sections import TrackingConfig
from sweeps.tracking.queue import make_trackers
from sweeps.tracking.tracker import SweepInfo, TrialInfo

PARAMETERS = {"lora.r": 8, "lora.target_modules": ["q_proj"], "training.learning_rate": 1e-4}


def _write(folder: Path, steps: range, finish: bool) -> None:
    warnings: list[str] = []
    run = SweepInfo("s", folder, {}, {})
    queue = make_trackers(TrackingConfig(tensorboard=True), run, warnings.append)
    queue.trial_started(TrialInfo("EXP-001", "EXP-01 (Baseline)", PARAMETERS, {}))
    for step in steps:
        values = {"step": step, "train_loss": 1.0 / step, "val_loss": float("nan"), "note": "x"}
        queue.metrics("EXP-001", step, values)
    if finish:
        record = {"state": "complete", "metrics": {"val_loss": 0.5, "gpu_peak_gb": None}}
        queue.trial_finished("EXP-001", record, None)
    queue.close(20)
    assert warnings == []


def _read(folder: Path) -> Any:
    events = EventAccumulator(str(folder / "tensorboard/EXP-001"))
    events.Reload()
    return events


def test_scalars_and_final_metrics(tmp_path: Path) -> None:
    _write(tmp_path, range(1, 4), finish=True)
    events = _read(tmp_path)
    found = [(e.step, e.value) for e in events.Scalars("train_loss")]
    assert found == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert [e.value for e in events.Scalars("final/val_loss")] == [0.5]
    tags = set(events.Tags()["scalars"])
    assert tags == {"train_loss", "final/val_loss"}


def test_parameters_are_in_the_hparams_tab(tmp_path: Path) -> None:
    _write(tmp_path, range(1, 2), finish=True)
    content = _read(tmp_path).PluginTagToContent("hparams")["_hparams_/session_start_info"]
    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    shown = data.session_start_info.hparams
    assert shown["lora.r"].number_value == 8
    assert shown["training.learning_rate"].number_value == 1e-4
    assert shown["lora.target_modules"].string_value == '["q_proj"]'


def test_a_resumed_trial_goes_on(tmp_path: Path) -> None:
    _write(tmp_path, range(1, 3), finish=False)
    _write(tmp_path, range(3, 5), finish=True)
    assert len(list((tmp_path / "tensorboard/EXP-001").iterdir())) == 2
    files = sorted((tmp_path / "tensorboard/EXP-001").iterdir())
    steps = []
    for file in files:
        events = EventAccumulator(str(file))
        events.Reload()
        steps += [e.step for e in events.Scalars("train_loss")]
    assert sorted(steps) == [1, 2, 3, 4]


def test_the_driver_needs_no_torch(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[3]
    code = (
        "import sys, pathlib\n"
        "from tests.sweeps.tracking.test_tensorboard import _write\n"
        "_write(pathlib.Path(sys.argv[1]), range(1, 3), True)\n"
        "assert 'torch' not in sys.modules\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    subprocess.run(command, cwd=root, check=True, timeout=60)
