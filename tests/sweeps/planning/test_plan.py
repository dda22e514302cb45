"""A plan tells what the run will do, without torch."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from medsweep.plan_view import show
from sweeps.planning.plan import make_plan
from sweeps.readiness.checks import unpackable
from sweeps.spec.errors import SpecError
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import Drive, FakePreparation, make_spec, make_sweep, parameters
from trainables.models.toy import make_toy

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))


def planned(spec: SweepSpec, prepare: bool = False) -> Any:
    return make_plan(spec, prepare, lambda line: None)


@pytest.mark.parametrize("sampler", ["random", "qmc", "grid", "tpe"])
def test_the_samples_are_what_the_run_will_suggest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampler: str
) -> None:
    monkeypatch.setattr("sweeps.control.sweep.Preparation", FakePreparation)
    finite = {"lora.r": {"values": [2, 4, 8]}, "training.max_length": {"values": [64, 512]}}
    spec = make_spec(
        parameters=finite, sampler=sampler, num_trials=5, baselines={"first": {"lora.r": 4}}
    )
    Drive(make_sweep(spec, tmp_path / "run")).run()
    samples = planned(spec).samples
    assert len(samples) == 4
    if sampler == "tpe":  # it learns from its third trial on
        assert samples[:2] == parameters(tmp_path / "run")[1:3]
    else:
        assert samples == parameters(tmp_path / "run")[1:]


def test_a_plan_needs_nothing_in_the_cache_and_says_so(tmp_path: Path) -> None:
    spec = make_spec()
    bare = planned(spec)
    assert bare.data is None
    assert "machine" in bare.where
    full = planned(spec, prepare=True)
    assert full.data is not None
    assert full.models[0].parameters > 10_000
    assert [lora.r for lora, _ in full.models[0].trainable] == [2, 4, 8, 16]
    counts = [count for _, count in full.models[0].trainable]
    assert counts == [448 * rank for rank in (2, 4, 8, 16)]
    again = planned(spec)
    assert again.data == full.data
    assert again.models == full.models


def test_targets_are_checked_where_the_model_is_at_hand() -> None:
    spec = make_spec(parameters={"lora.target_modules": {"values": [["q_prog"]]}})
    with pytest.raises(SpecError, match="q_proj"):
        planned(spec, prepare=True)


def test_a_short_sweep_has_few_samples() -> None:
    spec = make_spec(num_trials=1, baselines={"only": {"lora.r": 4}})
    assert planned(spec).samples == []
    grid = make_spec(parameters={"lora.r": {"values": [2, 4]}}, sampler="grid", num_trials=5)
    assert len(planned(grid).samples) == 2


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc", "cmaes", "gp"])
def test_no_torch_no_ray(tmp_path: Path, sampler: str) -> None:
    code = (
        "import sys; from tests.sweeps.fakes import make_spec\n"
        "from sweeps.planning.plan import make_plan\n"
        f"plan = make_plan(make_spec(sampler={sampler!r}), False, print)\n"
        "assert len(plan.samples) == 5\n"
        "heavy = {'torch', 'ray', 'transformers', 'wandb', 'datasets'} & set(sys.modules)\n"
        "print(sorted(heavy)); sys.exit(len(heavy))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_trained_is_counted_for_every_method() -> None:
    from rich.console import Console

    from medsweep.plan_view import show

    spec = make_spec(
        parameters={
            "model.quantization": {"values": ["nf4", "none"]},
            "lora": {"values": [{"r": 4}, {"r": 8}, None], "when": {"model.quantization": "none"}},
        }
    )
    plan = planned(spec)
    found = [(lora and lora.r, count) for lora, count in plan.models[0].trainable]
    assert found == [(4, 1792), (8, 3584), (None, 107_200)]
    assert unpackable(spec, plan.space) == "all weights are trained"
    console = Console(width=300, record=True, file=io.StringIO())
    show(console, plan)
    line = "LoRA on q_proj, v_proj: r=4: 1,792 (1.67%), r=8: 3,584 (3.34%); all weights: 107,200"
    assert line in console.export_text()


def test_what_the_model_folder_brings_along_is_told_or_refused(tmp_path: Path) -> None:
    import json

    folder = make_toy(tmp_path / "model")
    own = {"do_sample": True, "temperature": 0.6, "eos_token_id": 257}
    (folder / "generation_config.json").write_text(json.dumps(own))
    spec = make_spec()
    model = spec.trial.model.model_copy(update={"name_or_path": str(folder)})
    spec = spec.model_copy(update={"trial": spec.trial.model_copy(update={"model": model})})
    stream = io.StringIO()
    show(Console(file=stream, width=200), planned(spec))
    said = " ".join(stream.getvalue().split())
    assert "generation settings set aside: do_sample true, temperature 0.6." in said
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "is_encoder_decoder": True}))
    with pytest.raises(SpecError, match="is an encoder-decoder"):
        planned(spec)
