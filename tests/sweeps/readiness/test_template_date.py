"""A new run's specs name the day that chat templates write, where they write one."""

import json
from datetime import date
from pathlib import Path

import pytest

from search_spaces.space import build_space
from sweeps.launch.on_ray import new_sweep
from sweeps.readiness.model_folders import folder_problems
from sweeps.readiness.preparation import base_key
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.errors import Problem
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import TRIAL
from trainables.models.tokenizer import load_tokenizer
from trainables.models.toy import make_toy

DAYS = ("2024-03-05", "2024-03-06")


def spec_of(model: str, **own: str) -> SweepSpec:
    trial = {**TRIAL, "model": {"name_or_path": model, **own}}
    search = {"parameters": {"lora.r": {"values": [2, 4]}}, "sampler": "random", "num_trials": 2}
    return SweepSpec.model_validate({"name": "x", "trial": trial, "search": search})


@pytest.fixture
def dated(tmp_path: Path) -> str:
    folder = make_toy(tmp_path / "dated")
    path = folder / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    settings["chat_template"] = "{{ strftime_now('%d %b %Y') }}" + settings["chat_template"]
    path.write_text(json.dumps(settings))
    return str(folder)


def test_the_day_of_creation_goes_into_every_trial(dated: str, tmp_path: Path) -> None:
    sweep = new_sweep(spec_of(dated), Ledger(tmp_path / "run"), print)
    assert sweep.spec.trial.model.template_date == date.today().isoformat()
    written = sweep.spec.model_dump(mode="json")  # spec.resolved.json: a resume reads it
    assert SweepSpec.model_validate(written) == sweep.spec
    one, other = (sweep.preparation.data(spec_of(dated, template_date=day).trial) for day in DAYS)
    assert one.key != other.key
    decode = load_tokenizer(Path(dated)).decode
    assert decode(one.train.prompt(0).tolist()).startswith("05 Mar 2024")
    assert decode(other.train.prompt(0).tolist()).startswith("06 Mar 2024")


def test_a_day_that_the_spec_names_stays(dated: str, tmp_path: Path) -> None:
    spec = spec_of(dated, template_date="2024-03-05")
    assert new_sweep(spec, Ledger(tmp_path / "run"), print).spec is spec


def test_no_template_asks_nothing_is_written(tmp_path: Path) -> None:
    spec = spec_of("toy:llama")
    assert new_sweep(spec, Ledger(tmp_path / "run"), print).spec is spec
    assert "template_date" not in json.dumps(spec.model_dump(mode="json"))
    named = spec_of("toy:llama", template_date=DAYS[0])
    assert base_key(named.trial, "rows") != base_key(spec.trial, "rows")


def test_a_day_for_a_template_that_writes_none_is_refused(dated: str, tmp_path: Path) -> None:
    toy = make_toy(tmp_path / "undated")

    def problems(spec: SweepSpec, folder: Path) -> list[Problem]:
        space = build_space(spec.search.parameters)
        return list(folder_problems(spec, space, spec.trial.model, folder))

    named = spec_of(str(toy), template_date=DAYS[0])
    (problem,) = problems(named, toy)
    assert (problem.field, problem.value) == ("trial.model.template_date", DAYS[0])
    assert problems(spec_of(str(toy)), toy) == []
    assert problems(spec_of(dated, template_date=DAYS[0]), Path(dated)) == []
