"""What is checked with the machine at hand, before Ray starts."""

import os
import shutil
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from search_spaces.space import Space, build_space
from sweeps.readiness import checks
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import LimitsConfig, SweepSpec
from tests.sweeps.fakes import make_spec
from trainables.errors import InputError
from trainables.models.toy import make_toy

Usage = namedtuple("Usage", "total used free")


class Shelf:
    """A Preparation whose models are the toy model, but one that is missing."""

    def __init__(self, folder: Path, data_error: InputError | None = None) -> None:
        self.folder, self.data_error = make_toy(folder / "toy"), data_error

    def model_folder(self, model: Any) -> Path:
        if model.name_or_path == "missing":
            raise InputError("model.name_or_path", "missing", "cannot be found")
        return self.folder

    def data(self, config: Any) -> Any:
        if self.data_error:
            raise self.data_error
        return SimpleNamespace(key="rows")

    def start(self, config: Any) -> None:
        if config.lora.r == 16:
            raise InputError("lora.adapter_name_or_path", "here", "has r = 2, the trial has 16")


def problems(tmp_path: Path, shelf: Shelf, **parameters: Any) -> dict[str, str]:
    """Field → the whole problem, of a spec that searches these parameters."""
    spec = make_spec(parameters={k.replace("__", "."): v for k, v in parameters.items()})
    try:
        checks.make_ready(spec, space_of(spec), shelf, tmp_path / "runs/x")  # type: ignore[arg-type]
    except SpecError as error:
        return {p.field: str(p) for p in error.problems}
    return {}


def space_of(spec: SweepSpec) -> Space:
    return build_space(spec.search.parameters)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_a_sweep_that_can_run(tmp_path: Path, shelf: Shelf) -> None:
    assert problems(tmp_path, shelf, lora__r={"values": [2, 4]}) == {}
    assert not (tmp_path / "runs").exists()


def test_an_adapter_to_start_from_that_fits_some_trials_only(tmp_path: Path, shelf: Shelf) -> None:
    found = problems(tmp_path, shelf, lora__r={"values": [2, 16]})
    assert list(found) == ["trial.lora.adapter_name_or_path"]
    assert "the trial has 16" in next(iter(found.values()))


def test_a_regularizers_rows_are_prepared_before_anything_starts(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def data(config: Any) -> Any:
        if config.training.regularizer:
            raise InputError("training.regularizer.data", "here", "has no rows")
        return SimpleNamespace(key="rows")

    monkeypatch.setattr(shelf, "data", data)
    ewc = {"kind": "ewc", "weight": 1.0, "data": {"source": "toy:drugs"}}
    found = problems(tmp_path, shelf, training__regularizer={"values": [None, ewc]})
    assert list(found) == ["trial.training.regularizer.data"]


def test_targets_that_match_nothing(tmp_path: Path, shelf: Shelf) -> None:
    targets = {"values": [["q_proj"], ["q_proj", "k_prog"], "all-linear"]}
    found = problems(tmp_path, shelf, lora__target_modules=targets)
    assert list(found) == ["search.parameters.lora.target_modules"]
    assert "k_prog" in next(iter(found.values()))
    assert "Did you mean `k_proj`?" in next(iter(found.values()))


def test_all_problems_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**9, 10**9, 1000))
    shelf = Shelf(tmp_path, InputError("data.source", "x.csv", "no such file"))
    names = {"values": ["toy:llama", "missing"]}
    found = problems(
        tmp_path, shelf, model__name_or_path=names, lora__target_modules={"value": ["nope"]}
    )
    assert set(found) == {
        "trial.model.name_or_path",
        "search.parameters.lora.target_modules",
        "output",
        "trial.data.source",
    }


def test_the_largest_adapters_must_fit_on_the_disk(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    def free(count: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, count))

    # q_proj and v_proj of the toy: 2 layers × (64 + 64) + (64 + 32) → 448 parameters a rank
    needed = checks.SPARE_BYTES + 5 * 448 * 64 * (4 * checks.COPIES + 8)
    for ranks in ({"min": 2, "max": 64}, {"values": [64, 2]}):
        free(needed)
        assert problems(tmp_path, shelf, lora__r=ranks) == {}
        free(needed - 1)
        assert list(problems(tmp_path, shelf, lora__r=ranks)) == ["output"]
    free(needed)
    both = {
        "lora__r": {"value": 64},
        "lora__target_modules": {"values": [["q_proj"], "all-linear"]},
    }
    assert list(problems(tmp_path, shelf, **both)) == ["output"]


def test_a_limit_on_the_disk_is_held_against_what_must_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    least = 5 * 100 + 2 * 300  # the best steps of five trials stay, one is under way

    def found(disk_gb: float) -> list[str]:
        limited = make_spec().model_copy(update={"limits": LimitsConfig(disk_gb=disk_gb)})
        given = checks._disk_problems(tmp_path, limited, best=100, each=400)
        return [problem.field for problem in given]

    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, checks.SPARE_BYTES + least))
    assert found(least / 1e9) == []  # less than what it would write without a limit
    assert found((least - 1) / 1e9) == ["limits.disk_gb"]
    assert found(1.0) == ["output"]


def test_a_run_that_is_resumed_needs_room_for_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("EXP-001", "EXP-002", "EXP-003"):
        (tmp_path / "trials" / name).mkdir(parents=True)
        (tmp_path / "trials" / name / "record.json").write_text("{}")

    def found(free: int) -> list[Problem]:
        monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, free))
        return list(checks._disk_problems(tmp_path, make_spec(), best=100, each=400))

    assert found(checks.SPARE_BYTES + 2 * 400) == []  # three of five are done
    assert found(checks.SPARE_BYTES + 2 * 400 - 1) != []


def test_every_model_that_is_searched(tmp_path: Path) -> None:
    searched = {
        "model.name_or_path": {"values": ["a/b", "c/d"]},
        "model.revision": {"values": [None, "main"]},
    }
    spec = make_spec(parameters=searched)
    found = checks.models(spec, space_of(spec))
    assert {(m.name_or_path, m.revision) for m in found} == {
        ("a/b", None),
        ("a/b", "main"),
        ("c/d", None),
        ("c/d", "main"),
    }
    plain = make_spec(parameters={})
    assert [m.name_or_path for m in checks.models(plain, space_of(plain))] == ["toy:llama"]


def test_what_baselines_alone_name_is_made_ready_too() -> None:
    plain = make_spec()
    searched = {"model.name_or_path": {"values": ["a", "b"]}, "lora.r": {"values": [4, 8]}}
    named = {"now": {"model.name_or_path": "c", "lora.r": 64}}
    search = {**plain.search.model_dump(), "parameters": searched, "baselines": named}
    spec = SweepSpec.model_validate({**plain.model_dump(mode="json"), "search": search})
    space = space_of(spec)
    assert [model.name_or_path for model in checks.models(spec, space)] == ["a", "b", "c"]
    assert [lora.r for lora in checks.adapters(spec, space) if lora] == [4, 8, 64]
    assert {v.model.name_or_path for v in checks.variants(spec, space)} >= {"a", "b", "c"}


def test_a_run_that_exists_is_refused_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    checks.refuse_folder(folder)
    folder.mkdir()
    checks.refuse_folder(folder)  # an empty folder is no run
    (folder / "spec.resolved.json").write_text("{}")
    with pytest.raises(SpecError, match="resume"):
        checks.refuse_folder(folder)
    checks.refuse_folder(folder, exists_is_wrong=False)


def test_an_output_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(SpecError, match="--output"):
        checks.refuse_folder(tmp_path / "runs/demo")


@pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir(mode=0o500)
    with pytest.raises(SpecError, match="--output"):
        checks.refuse_folder(tmp_path / "runs/demo")


def test_rows_longer_than_learned_positions(tmp_path: Path, shelf: Shelf) -> None:
    from safetensors.numpy import load_file, save_file

    weights = load_file(shelf.folder / "model.safetensors")
    weights["model.wpe.weight"] = weights["lm_head.weight"][:100]
    save_file(weights, shelf.folder / "model.safetensors", metadata={"format": "pt"})
    path = "search.parameters.training.max_length"
    found = problems(tmp_path, shelf, training__max_length={"min": 50, "max": 120})
    assert list(found) == [path]
    assert "100 positions" in found[path]
    assert "(got 120). Write at most 100" in found[path]
    assert list(problems(tmp_path, shelf)) == ["trial.training.max_length"]
    assert problems(tmp_path, shelf, training__max_length={"values": [50, 100]}) == {}


def test_what_the_model_folder_brings_along(tmp_path: Path, shelf: Shelf) -> None:
    import json

    path = shelf.folder / "config.json"
    quantized = {"quantization_config": {"quant_method": "gptq", "bits": 4}}
    path.write_text(json.dumps({**json.loads(path.read_text()), **quantized}))
    found = problems(tmp_path, shelf)
    assert "is quantized already (gptq, 4 bits)" in found["trial.model.name_or_path"]
