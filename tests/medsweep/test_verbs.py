"""The verbs that start nothing: presets, init, plan, schema, doctor, help."""

import json
import subprocess
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from medsweep.main import app, run_app
from sweeps.presets.find import presets
from sweeps.reading.loading import load_spec
from sweeps.reading.yaml_reading import read_yaml
from tests.medsweep.processes import COMMAND, environment, is_quick


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))


def test_every_verb_of_the_design_is_there() -> None:
    verbs = {command.name for command in app.registered_commands}
    assert verbs == {
        *("presets", "init", "plan", "rows", "run", "resume", "status"),
        *("trial", "confirm", "report", "best", "effects", "compare", "chat", "evaluate"),
        *("doctor", "schema"),
    }
    assert [group.name for group in app.registered_groups] == ["rate"]


def test_presets_lists_them_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["presets"]) == 0
    shown = capsys.readouterr().out
    assert {"demo", "toy", "tinyllama-flashcards"} <= set(presets())
    assert all(name in shown for name in presets())


def test_init_writes_a_spec_that_loads(tmp_path: Path) -> None:
    assert run_app(["init", "toy", "-o", "new/mine.yaml"]) == 0
    file = tmp_path / "new/mine.yaml"
    assert load_spec(file).spec == load_spec("toy").spec


def test_init_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "demo.yaml").write_text("mine")
    assert run_app(["init"]) == 2
    assert (tmp_path / "demo.yaml").read_text() == "mine"
    assert "exists already" in capsys.readouterr().err


def test_plan_answers_in_time_with_every_section(tmp_path: Path) -> None:
    quick, shown = is_quick([*COMMAND, "plan", "toy"], environment(tmp_path / "cache"), 3)
    assert quick, shown
    headings = ("Base trial", "Search space", "Sampled configurations", "Model", "Data")
    places = [shown.find(f"\n{heading}\n") for heading in headings]
    assert -1 not in places
    assert places == sorted(places)
    assert "toy: 12 trials" in shown
    assert "Runs on this machine" in shown
    assert shown.count("\n sampled ") == 5
    assert "EXP-01 (Baseline)" in shown


def test_plan_counts_rows_once_the_data_is_prepared(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["plan", "toy"]) == 0
    assert "not prepared" in capsys.readouterr().out
    assert run_app(["plan", "toy", "--prepare"]) == 0
    capsys.readouterr()
    assert run_app(["plan", "toy"]) == 0
    assert "toy:drugs: 240 rows read" in capsys.readouterr().out


@pytest.fixture
def schema(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    assert run_app(["schema"]) == 0
    content: dict[str, object] = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(content)
    return content


@pytest.mark.parametrize("name", presets())
def test_the_schema_accepts_presets(schema: dict[str, object], name: str) -> None:
    text = presets()[name].read_text(encoding="utf-8")
    jsonschema.Draft202012Validator(schema).validate(read_yaml(text, name).data)


@pytest.mark.parametrize(
    ("place", "key"),
    [
        (("trial", "training"), "learning_rat"),
        (("trial",), "trainin"),
        (("search",), "num_trial"),
        ((), "serch"),
    ],
)
def test_the_schema_refuses_misspelt_keys(
    schema: dict[str, object], place: tuple[str, ...], key: str
) -> None:
    spec = read_yaml(presets()["toy"].read_text(encoding="utf-8"), "toy").data
    inner = spec
    for name in place:
        inner = inner[name]
    inner[key] = 1
    with pytest.raises(jsonschema.ValidationError, match=key):
        jsonschema.Draft202012Validator(schema).validate(spec)


def test_overrides_reach_the_plan(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["plan", "toy", "--set", "trial.training.weight_decay=0.125"]) == 0
    shown = capsys.readouterr().out
    base = shown.split("Base trial\n")[1].split("\nSearch space")[0]
    assert yaml.safe_load(base)["training"]["weight_decay"] == 0.125


def test_doctor_says_what_it_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["doctor"]) in (0, 1)
    shown = capsys.readouterr().out.lower()
    assert all(word in shown for word in ("python", "torch", "disk", "memory"))


def test_no_arguments_show_the_help() -> None:
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False)
    assert "Usage" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
