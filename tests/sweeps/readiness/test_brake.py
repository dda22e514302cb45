"""A yes is asked for where filters left little, and only there."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from medsweep.main import run_app
from sweeps.readiness.brake import check_losses, nobody
from sweeps.reading.loading import load_spec
from sweeps.spec.errors import SpecError
from sweeps.spec.sections import LimitsConfig


def report(read: int, left: int, **dropped: Any) -> dict[str, Any]:
    return {"source": "f", "rows_read": read, "dropped": dropped, "kept": {"train": left}}


LOST, FEW = report(100, 40, near_duplicate=51), report(40, 25, leak=8)


def asked(found: dict[str, Any], **limits: Any) -> list[str]:
    """The reasons that a person is told."""
    spec = load_spec("toy").spec.model_copy(update={"limits": LimitsConfig(**limits)})
    told: list[str] = []
    check_losses(spec, found, lambda reasons: not told.extend(reasons))  # type: ignore[func-returns-value]
    return told


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (report(100, 45, near_duplicate=50), None),
        (LOST, "51 of 100 rows of f (51%: near duplicates 51)"),
        (FEW, "only 25 training rows are left; filters dropped 8 of 40"),
        (report(29, 29), "only 29 training rows are left."),
        (report(40, 30, leak=4), None),
        (report(1000, 17, over_limit=980), None),
        (report(1000, 17, over_limit=900, leak=40), "only 17 training rows"),
        ({"stages": {"a": report(100, 80), "b": LOST}}, "(51%:"),
    ],
)
def test_when(found: dict[str, Any], said: str | None) -> None:
    reasons = asked(found)
    assert len(reasons) == (said is not None)
    assert said is None or said in reasons[0]


@pytest.mark.parametrize(
    ("dropped", "fields"),
    [
        ({"near_duplicate": 60}, "at data.cleaning. If"),
        ({"no_answer_left": {"train": 60}}, "at training.max_length"),
        ({"near_duplicate": 10, "leak": 50}, "at data.validation and data.test, or data.split, da"),
        ({"over_limit": 10, "short_answer": 60}, "at data.cleaning. If"),
    ],
)
def test_the_fix_names_the_field_that_the_filter_listens_to(
    dropped: dict[str, Any], fields: str
) -> None:
    spec = load_spec("toy").spec
    with pytest.raises(SpecError) as caught:
        check_losses(spec, report(100, 40, **dropped), nobody)
    assert fields in str(caught.value)


def test_a_setting_is_a_yes() -> None:
    assert asked(LOST, max_lost_rows=0.51) == asked(FEW, min_training_rows=25) == []
    assert asked(LOST, max_lost_rows=0.5) != []
    assert asked(FEW, min_training_rows=26) != []


@pytest.mark.parametrize(
    ("found", "setting"), [(LOST, "max_lost_rows: 0.51"), (FEW, "min_training_rows: 25")]
)
def test_without_a_yes_it_ends_with_a_fix_that_works(found: dict[str, Any], setting: str) -> None:
    with pytest.raises(SpecError) as refused:
        check_losses(load_spec("toy").spec, found, nobody)
    assert f"--yes, or `limits: {{{setting}}}` in the spec" in str(refused.value)


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A sweep over 60 rows that are 10, each six times with another ending."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "250")
    text = "It is {}, and as such is taken with water in the morning and never at night, says {}"
    rows = [
        {"question": f"What is drug {n}?", "answer": text.format(f"x{n} " * 20, "ab"[k % 2] * k)}
        for n in range(10)
        for k in range(6)
    ]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    Path("my.yaml").write_text(
        "name: my\ntrial:\n  kind: sft\n  model: {name_or_path: 'toy:llama', dtype: float32}\n"
        "  data: {source: rows.jsonl, system_prompt: null}\n"
        "  lora: {r: 4, target_modules: all-linear}\n"
        "  training: {max_steps: 1, max_length: 128, per_device_train_batch_size: 2}\n"
        "  evaluation: {limit: 2, max_new_tokens: 4, metrics: [perplexity]}\n"
        "search: {objective: {metric: val_loss, mode: min}, num_trials: 1}\n"
    )
    return "my.yaml"


@pytest.mark.parametrize("verb", ["run", "trial"])
def test_a_run_ends_before_it_begins(
    spec: str, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_app([verb, spec]) == 2
    told = capsys.readouterr()
    assert "near duplicates: 50 of 60 rows dropped (83.3%), 10 left" in told.out
    assert (
        "Warning: filters dropped 50 of 60 rows of rows.jsonl (83%: near duplicates 50)" in told.out
    )
    assert "error trial.data" in told.err or "trial.data: filters dropped" in told.err
    assert "limits: {max_lost_rows: 0.84}" in told.err
    assert not list(Path("runs").glob("*"))


def test_the_plan_warns_above_all_else(spec: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["plan", spec, "--prepare"]) == 0
    before, _, after = capsys.readouterr().out.partition("my: 1 trial")
    assert "Warning: filters dropped 50 of 60 rows" in before
    assert "are cut at 128 tokens" in before
    assert "near duplicates: 50 of 60 rows dropped (83.3%), 10 left" in after


def test_with_a_yes_it_trains_and_the_report_says_it(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_app(["trial", spec, "--yes"]) == 0
    assert "Careful: filters dropped 50 of 60 rows" in capsys.readouterr().out
    text = Path("runs/my-trial-1/report.md").read_text(encoding="utf-8")
    warning = text.index("**Warning:** filters dropped 50 of 60 rows")
    assert warning < text.index("- Model:")
    assert "| near duplicates | 60 | 50 | 83.3% | 10 |" in text
    page = Path("runs/my-trial-1/report.html").read_text(encoding="utf-8")
    assert "<strong>Warning:</strong> filters dropped 50 of 60 rows" in page
    agreed = json.loads(Path("runs/my-trial-1/environment.json").read_text())["agreed"]
    assert len(agreed) == 1
    assert agreed[0].startswith("filters dropped 50 of 60 rows")
    assert "| A yes was given to | filters dropped 50 of 60 rows" in text


def test_of_searched_values_the_worst_is_told() -> None:
    told: list[str] = []
    spec = load_spec("toy").spec
    searched = [("x 1", report(100, 45, leak=55)), ("x 2", report(100, 30, leak=70)), ("y", FEW)]
    agreed = check_losses(spec, report(100, 100), lambda why: not told.extend(why), searched)  # type: ignore[func-returns-value]
    assert list(agreed) == told
    assert [reason.partition(" of ")[0] for reason in told] == [
        "with x 2 filters dropped 70",
        "with y only 25 training rows are left; filters dropped 8",
    ]
    assert check_losses(spec, report(100, 100), nobody) == ()


def test_searched_values_are_asked_about_before_anything_trains(
    spec: str, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(0)
    rows = [
        {
            "question": " ".join(draw.choices("abcdefgh", k=10 if n % 3 == 0 else 60)) + f" {n}?",
            "answer": " ".join(draw.choices("ijklmnop", k=20)),
        }
        for n in range(60)
    ]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    searched = "search: {parameters: {training.max_length: {values: [64, 256]}}, "
    text = Path(spec).read_text().replace("search: {", searched)
    text = text.replace("num_trials: 1", "num_trials: 2")
    Path(spec).write_text(text.replace("max_length: 128", "max_length: 256"))
    assert run_app(["run", spec]) == 2
    told = capsys.readouterr().err
    assert "with training.max_length 64 filters dropped" in told
    assert "no answer token left" in told
    assert not list(Path("runs").glob("*"))
    Path(spec).write_text(text.replace("[64, 256]", "[8, 256]"))
    assert run_app(["run", spec]) == 2
    assert "search.parameters.training.max_length" in capsys.readouterr().err
