"""What a newcomer calls first shows a call in its docstring, and the call does what is shown."""

import doctest
import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest

from tests.analysis.fixtures import write_run
from tests.trainables.sft.toy_cache import toy_cache
from tests.trainables.sft.trials import config, prepared

__all__ = ["toy_cache"]

RUN = (  # examples that are run here
    "sweeps.reading.loading.load_spec",
    "sweeps.planning.plan.make_plan",
    "search_spaces.space.build_space",
    "sweeps.run_folder.ledger.Ledger",
    "analysis.tables.trials_frame",
    "analysis.study.rebuild_study",
    "analysis.selection.choose",
    "analysis.report.write_report",
    "trainables.data.prepare.prepare",
    "trainables.models.load.load_base",
    "trainables.sft.train.train",
    "trainables.packing.pack.Pack",
    "trainables.rewards.brevity.brevity",
    "trainables.evaluation.rouge.rouge",
)
SHOWN = (  # those that need Ray or a model from a hub, and what others show in use
    "analysis.runs.load_run",
    "sweeps.launch.on_ray.new_run",
    "sweeps.launch.on_ray.resume_run",
    "trainables.evaluation.benchmarks.evaluate.evaluate",
)


def _named(place: str) -> Any:
    module, name = place.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory with a finished run."""
    write_run(tmp_path / "runs" / "demo")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("place", RUN)
def test_an_example_does_what_it_shows(place: str) -> None:
    example = _named(place)
    given = {"Path": Path, "rows": prepared(), "trial": config(training={"max_steps": 1})}
    names = {**vars(inspect.getmodule(example)), **given}
    (test,) = doctest.DocTestFinder(recurse=False).find(example, globs=names)
    assert test.examples, "no example"
    assert any(example.__name__ in shown.source for shown in test.examples)
    told: list[str] = []
    outcome = doctest.DocTestRunner(verbose=False).run(test, out=told.append)
    assert outcome.failed == 0, "".join(told)


@pytest.mark.parametrize("place", SHOWN)
def test_an_example_is_shown(place: str) -> None:
    example = _named(place)
    text = inspect.getdoc(example) or ""
    assert f"{example.__name__}(" in text.split("Example", 1)[1]
