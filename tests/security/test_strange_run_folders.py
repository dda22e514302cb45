"""Run folders, models and adapters from elsewhere: nothing in them is run, followed or endless."""

import json
import os
import pickle
import resource
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from analysis.files import RunError
from analysis.runs import load_run
from medsweep.main import run_app
from sweeps.run_folder.intruders import intruders
from sweeps.run_folder.own_modules import noted_origin
from sweeps.run_folder.weights import read_checkpoint
from tests.analysis.fixtures import write_run
from trainables.errors import InputError
from trainables.models.adapters import refuse_code
from trainables.models.config import ModelConfig
from trainables.models.header import file_shapes
from trainables.models.resolve import resolve

Plant = Callable[[Path], object]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.json").write_text('{"trial": "EXP-009"}')
    return write_run(tmp_path / "run")


TRIAL = "trials/EXP-001"
STRANGE: dict[str, Plant] = {
    "a link to a file": lambda r: (r / TRIAL / "x.json").symlink_to(r / "../outside/secret.json"),
    "a link to nothing": lambda r: (r / TRIAL / "x").symlink_to(r / "nothing"),
    "a link to itself": lambda r: (r / TRIAL / "x").symlink_to(r / TRIAL / "x"),
    "an adapter elsewhere": lambda r: (r / "trials/EXP-008/adapter").symlink_to(r / "../outside"),
    "a trial elsewhere": lambda r: (r / "trials/EXP-099").symlink_to(r / "../outside"),
    "an endless device": lambda r: (r / "inputs.json").symlink_to("/dev/zero"),
    "a pipe": lambda r: os.mkfifo(r / TRIAL / "predictions.json"),
    "a name of two lines": lambda r: (r / "trials/EXP-1\nBest: EXP-2").mkdir(),
    "a name that steers": lambda r: (r / "trials/\x1b[2J").mkdir(),
    "a name turned around": lambda r: (r / "trials/EXP-\u202e1").mkdir(),
    "two gigabytes": lambda r: os.truncate(r / TRIAL / "config.json", 2 * 10**9),
}


@pytest.mark.parametrize("plant", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("verb", ["report", "best", "resume", "status", "confirm"])
def test_it_is_refused_at_once(
    run: Path, plant: Plant, verb: str, capfd: pytest.CaptureFixture[str]
) -> None:
    plant(run)
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert run_app([verb, str(run)]) == 2
    told = capfd.readouterr().err
    assert "error" in told
    assert "Traceback" not in told
    assert "\x1b" not in told
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
    assert time.monotonic() - began < 5  # imports at the first, else hundredths


def test_folders_on_a_larger_disk_are_followed(run: Path, tmp_path: Path) -> None:
    (run / "trials").rename(tmp_path / "large")
    (run / "trials").symlink_to(tmp_path / "large")
    (tmp_path / "checkpoints").mkdir()
    (run / "trials/EXP-001/checkpoint").symlink_to(tmp_path / "checkpoints")
    (run / "wandb").mkdir()
    (run / "wandb/latest-run").symlink_to(run / "wandb/nothing")
    assert intruders(run) == []
    assert load_run(run).find("EXP-001").trial == "EXP-001"


@pytest.mark.parametrize("file", ["record.json", "config.json", "metrics.jsonl"])
def test_deep_json_is_no_traceback(run: Path, file: str) -> None:
    (run / TRIAL / file).write_text('{"a":' + "[" * 200_000 + "]" * 200_000 + "}\n")
    with suppress(RunError):  # or the trial is left out, as where a line is cut short
        load_run(run)


class Bomb:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {os.environ['BOMB']}",)


PICKLES = (
    *("optimizer.pt", "state.pkl", "pytorch_model.bin", "adapter_model.bin", "training_args.bin"),
    *("model.joblib", "rows.npy", "rows.npz", "adapter_model.safetensors", "optimizer.safetensors"),
    *("rows.parquet", "study.db", "state.json", "scheduler.pt", "tokenizer.json", "config.json"),
)


def test_no_pickle_is_read_wherever_it_lies(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "exploded"
    monkeypatch.setenv("BOMB", str(mark))
    bomb = pickle.dumps(Bomb())
    steps = (f"{TRIAL}/checkpoint/step-00000010", f"{TRIAL}/adapter", f"{TRIAL}/model", TRIAL)
    for folder in (run, *(run / step for step in steps)):
        folder.mkdir(parents=True, exist_ok=True)
        for name in PICKLES:
            if not (folder / name).exists():
                (folder / name).write_bytes(bomb)
    for verb in (["report"], ["best"], ["best", "--export", str(tmp_path / "out")], ["status"]):
        run_app([verb[0], str(run), *verb[1:]])
    run_app(["evaluate", str(run / TRIAL / "model"), "--benchmarks", "medqa"])
    assert read_checkpoint(run / steps[0]) is None
    capfd.readouterr()
    assert not mark.exists()
    os.system(f"touch {mark}")  # that is what a bomb would have done
    assert mark.exists()


def test_modules_inside_a_run_folder_are_never_imported(run: Path) -> None:
    (run / "evil.py").write_text("raise SystemExit('imported')")
    origin = {"sha256": {"evil": "0" * 64}, "folder": str(run)}
    (run / "modules.json").write_text(json.dumps(origin))
    with pytest.raises(InputError, match="never run"):
        noted_origin(run, measured=False)


def test_an_adapter_names_no_module_to_import(tmp_path: Path) -> None:
    settings = {"peft_type": "LORA", "megatron_config": {"a": 1}, "megatron_core": "antigravity"}
    (tmp_path / "adapter_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match="never does"):
        refuse_code(tmp_path)
    (tmp_path / "adapter_config.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="cannot be read"):
        refuse_code(tmp_path)


def _safetensors(header: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def _one(**changed: object) -> bytes:
    tensor = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **changed}
    return json.dumps({"a": tensor}).encode()


LIES = {
    "a header of exabytes": _safetensors(b"{}", length=2**63),
    "a header of 99 MB": _safetensors(b"{}", length=99_000_000),
    "a header deeper than any": _safetensors(b'{"a":' + b"[" * 100_000),
    "no object": _safetensors(b"[]"),
    "cut off": _safetensors(_one(), b"1234"),
    "a shape of exabytes": _safetensors(_one(shape=[2**40, 2**40]), b"12345678"),
    "a negative shape": _safetensors(_one(shape=[-2]), b"12345678"),
    "no numbers": _safetensors(_one(shape=["2"]), b"12345678"),
    "offsets turned around": _safetensors(_one(data_offsets=[8, 0]), b"12345678"),
    "three offsets": _safetensors(_one(data_offsets=[0, 4, 8]), b"12345678"),
    "another size": _safetensors(_one(dtype="F64"), b"12345678"),
    "no tensor": _safetensors(b'{"a": 1}'),
    "no dtype": _safetensors(b'{"a": {"shape": [2], "data_offsets": [0, 8]}}', b"12345678"),
    "a truth for a number": _safetensors(_one(shape=[True, 2]), b"12345678"),
    "a pickle": pickle.dumps({"a": 1}),
    "empty": b"",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_lying_safetensors_header_is_refused(tmp_path: Path, lie: bytes) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(lie)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="safetensors"):
        file_shapes(file)
    with pytest.raises(InputError, match="safetensors"):
        resolve(ModelConfig(name_or_path=str(tmp_path)))
    for name in ("adapter.safetensors", "optimizer.safetensors"):
        (tmp_path / name).write_bytes(lie)
    (tmp_path / "state.json").write_text("{}")
    assert read_checkpoint(tmp_path) is None


def test_an_honest_one_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").write_bytes(_safetensors(_one(), b"12345678"))
    assert file_shapes(tmp_path / "a.safetensors") == {"a": (2,)}
