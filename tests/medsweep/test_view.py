"""What the lines of a running sweep show."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from medsweep.view import SweepView
from sweeps.run_folder.entry import Entry
from sweeps.spec.sections import SweepSpec
from trainables.context import Report


def said(kind: str, metric: str, mode: str) -> str:
    trial = {"kind": kind, "model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}}
    search = {"objective": {"metric": metric, "mode": mode}}
    spec = SweepSpec.model_validate({"name": "x", "trial": trial, "search": search})
    out = io.StringIO()
    view = SweepView(spec, Path("x"), Console(file=out, width=200))
    entry = Entry("EXP-001", 1, {})
    view.started(entry)
    for step, reward in ((1, 0.25), (2, 0.75), (3, 0.5)):
        view.reported(entry, Report(step, 3, {"val_loss": 2.0 + step, "reward": reward}, 1.0))
    view.finished(entry, {"state": "stopped", "metrics": {}, "error": None})
    return out.getvalue()


@pytest.mark.parametrize(
    ("kind", "metric", "mode", "lines", "end"),
    [
        ("grpo", "reward", "max", "step 2/3  reward 0.7500", "stopped  reward 0.7500"),
        ("sft", "val_loss", "min", "step 2/3  val_loss 4.0000", "stopped  val_loss 3.0000"),
        ("sft", "rouge1", "max", "step 2/3  val_loss 4.0000", "stopped  val_loss 3.0000"),
    ],
)
def test_lines_show_what_is_sought(kind: str, metric: str, mode: str, lines: str, end: str) -> None:
    told = said(kind, metric, mode)
    assert lines in told
    assert end in told


def test_lines_name_the_stage_and_the_step_that_counts() -> None:
    stages = [{"name": name, "data": {"source": "toy:drugs"}} for name in ("facts", "answers")]
    trial = {"kind": "staged", "model": {"name_or_path": "toy:llama"}, "stages": stages}
    search = {"objective": {"metric": "val_loss", "mode": "min"}}
    spec = SweepSpec.model_validate({"name": "x", "trial": trial, "search": search})
    out = io.StringIO()
    view = SweepView(spec, Path("x"), Console(file=out, width=200))
    entry = Entry("EXP-001", 1, {})
    view.started(entry)
    for step, stage, loss in ((1, "facts", 0.5), (2, "answers", 4.0), (3, "answers", 4.5)):
        view.reported(entry, Report(step, 3, {"val_loss": loss}, 1.0, facts={"stage": stage}))
    assert "EXP-001: facts: step 1/3  val_loss 0.5000" in out.getvalue()
    assert "EXP-001: answers: step 2/3  val_loss 4.0000" in out.getvalue()
    assert view.rows["EXP-001"].value == 4.0  # a loss of other rows is no better one
    record = {"state": "complete", "metrics": {"val_loss": 4.0}, "error": None}
    view.finished(entry, {**record, "best_step": 2, "steps": 3, "step_metric": "val_loss"})
    assert "complete  val_loss 4.0000, of step 2/3, the best by val_loss" in out.getvalue()


def test_a_live_table_without_room_for_the_parameters_says_so() -> None:
    trial = {"kind": "sft", "model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}}
    names = ["learning_rate", "weight_decay", "warmup_steps", "max_grad_norm", "adam_beta2"]
    values = {f"training.{name}": 0.5 for name in names}
    search = {"parameters": {path: {"values": [0.5, 0.6]} for path in values}}
    spec = SweepSpec.model_validate({"name": "x", "trial": trial, "search": search})
    for width, heads in ((80, False), (140, True)):
        console = Console(file=io.StringIO(), width=width)
        view = SweepView(spec, Path("x"), console)
        view.started(Entry("EXP-001", 1, {}, None, values))
        console.file = io.StringIO()
        console.print(view._picture())
        text = console.file.getvalue()
        assert ("weight_decay" in text) is heads
        assert ("5 parameters not shown here" in text) is not heads
        assert "EXP-001" in text
        assert "…" not in text


@pytest.mark.parametrize("error", [None, "KeyError: 'x'"])
def test_where_an_error_stands_at_length_is_said(tmp_path: Path, error: str | None) -> None:
    trial = {"kind": "sft", "model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}}
    spec = SweepSpec.model_validate({"name": "x", "trial": trial, "search": {}})
    console = Console(file=io.StringIO(), width=400)
    entry = Entry("EXP-001", 1, {})
    log = tmp_path / entry.folder / "errors.log"
    log.parent.mkdir(parents=True)
    log.write_text("of an earlier death, perhaps")
    state = "failed" if error else "complete"
    SweepView(spec, tmp_path, console).finished(
        entry, {"state": state, "metrics": {}, "error": error}
    )
    told = console.file.getvalue()  # type: ignore[attr-defined]
    assert (f"EXP-001: failed; at length in {log}" in told) is bool(error)


def test_a_stage_that_measures_what_is_sought_shows_it_others_their_loss() -> None:
    stages = [
        {"name": "facts", "data": {"source": "toy:drugs"}},
        {"name": "align", "kind": "ppo", "data": {"source": "toy:drugs"}},
    ]
    trial = {"kind": "staged", "model": {"name_or_path": "toy:llama"}, "stages": stages}
    search = {"objective": {"metric": "reward_safety", "mode": "max"}}
    spec = SweepSpec.model_validate({"name": "x", "trial": trial, "search": search})
    out = io.StringIO()
    view = SweepView(spec, Path("x"), Console(file=out, width=200))
    entry = Entry("EXP-001", 1, {})
    view.started(entry)
    for step, stage, metrics in (
        (1, "facts", {"val_loss": 2.5}),
        (2, "align", {"val_loss": 4.0, "reward_safety": 0.75}),
        (3, "align", {"val_loss": 3.0, "reward_safety": 0.5}),
    ):
        view.reported(entry, Report(step, 3, metrics, 1.0, facts={"stage": stage}))
    assert "facts: step 1/3  val_loss 2.5000" in out.getvalue()
    assert "align: step 2/3  reward_safety 0.7500" in out.getvalue()
    assert view.rows["EXP-001"].value == 0.75  # the better one, and no loss
    metrics = {"val_loss": 4.0, "reward_safety": 0.75}
    record = {"state": "complete", "metrics": metrics, "error": None}
    view.finished(entry, {**record, "best_step": 2, "steps": 3, "step_metric": "reward_safety"})
    assert "complete  reward_safety 0.7500, of step 2/3, the best by reward" in out.getvalue()
    best = view._best()
    assert best is not None
    assert best.name == "EXP-001"


def test_what_is_measured_at_the_end_alone_is_shown_there() -> None:
    trial = {"kind": "sft", "model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}}
    search = {"objective": {"metric": "rouge1", "mode": "max"}}
    spec = SweepSpec.model_validate({"name": "x", "trial": trial, "search": search})
    out = io.StringIO()
    view = SweepView(spec, Path("x"), Console(file=out, width=200))
    for number, measured in ((1, {"rouge1": 0.5}), (2, {"rouge1": 0.25}), (3, {})):
        entry = Entry(f"EXP-00{number}", number, {})
        view.started(entry)
        view.reported(entry, Report(1, 1, {"val_loss": 3.0}, 1.0))
        metrics = {"val_loss": 3.0, **measured}
        view.finished(entry, {"state": "complete", "metrics": metrics, "error": None})
    assert "EXP-002: step 1/1  val_loss 3.0000" in out.getvalue()
    assert "EXP-002: complete  rouge1 0.2500" in out.getvalue()
    assert "best rouge1 0.5000 (EXP-001)" in view._summary()


def test_a_log_s_lines_are_whole() -> None:
    trial = {"kind": "sft", "model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}}
    spec = SweepSpec.model_validate({"name": "x", "trial": trial, "search": {}})
    out = io.StringIO()
    view = SweepView(spec, Path("x"), Console(file=out, width=40))
    entry = Entry("EXP-001", 1, {})
    view.started(entry)
    record = {"state": "failed", "metrics": {}, "error": "the loss is NaN at a step, " * 5}
    view.finished(entry, record)
    assert all(line[8:].startswith(" EXP-001: ") for line in out.getvalue().splitlines())
