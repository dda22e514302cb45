"""What is said of `search.selection` before anything runs."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeps.reading.loading import load_spec
from sweeps.spec.errors import SpecError

SPEC: dict[str, Any] = {
    "name": "s",
    "trial": {"model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}},
}
TWO = [{"metric": "val_loss", "mode": "min"}, {"metric": "bleu", "mode": "max"}]


def read(folder: Path, selection: dict[str, Any], objective: Any = None) -> str:
    """Everything that is wrong, "" where nothing is."""
    search = {
        "selection": selection,
        "num_trials": 2,
        **({"objective": objective} if objective else {}),
    }
    search["parameters"] = {"training.learning_rate": {"values": [1e-4, 1e-3]}}
    file = folder / "spec.yaml"
    file.write_text(yaml.safe_dump({**SPEC, "search": search}))
    try:
        load_spec(str(file))
    except SpecError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "selection",
    [
        {"rule": "weighted", "weights": {"val_loss": 2, "bleu": 0.5}},
        {"rule": "lexicographic", "metrics": ["bleu", "val_loss"], "tolerances": {"bleu": 0.01}},
        {"constraints": ["minutes <= 5", "val_loss<2.5", "bleu >= 1e-3"]},
        {"rule": "one_standard_error", "cheapest_by": "memory", "targets": ["bleu >= 0.1"]},
    ],
)
def test_what_is_right(selection: dict[str, Any], tmp_path: Path) -> None:
    assert read(tmp_path, selection) == ""
    assert read(tmp_path, {"rule": "knee"}, TWO) == ""


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        ({"rule": "weighted"}, "search.selection.weights: names no metric"),
        (
            {"rule": "weighted", "weights": {"blue": 1}},
            "search.selection.weights.blue: is not a metric",
        ),
        ({"rule": "weighted", "weights": {"bleu": 0}}, "search.selection.weights.bleu:"),
        ({"weights": {"bleu": 1}}, "is of the rule weighted alone"),
        ({"rule": "balanced", "tolerances": {"bleu": 1}}, "is of the rule lexicographic alone"),
        ({"rule": "lexicographic", "metrics": []}, "search.selection.metrics: names no metric"),
        (
            {"rule": "lexicographic", "metrics": ["bleu"], "tolerances": {"rouge1": 0.1}},
            "search.selection.tolerances.rouge1: is not compared",
        ),
        ({"rule": "knee"}, "search.selection.rule: is of several objectives, and there is one"),
        (
            {"constraints": ["kl"]},
            'search.selection.constraints.0: is no bound (got "kl"). Write METRIC',
        ),
        ({"constraints": ["bleu = 1"]}, "is no bound"),
        ({"constraints": ["bleu <= many"]}, "is no bound"),
        ({"constraints": ["bleu <= nan"]}, "is no bound"),
        ({"constraints": ["blue >= 0.1"]}, "search.selection.constraints.0: is not a metric"),
        ({"constraints": ["kl <= 0.1"]}, "is not reported by trials of kind sft"),
        ({"targets": ["bleu = 1"]}, "search.selection.targets.0: is no bound"),
        (
            {"targets": ["bleu > 0.1", "blue > 0.1"]},
            "search.selection.targets.1: is not a metric",
        ),
        ({"cheapest_by": "seconds"}, "search.selection.cheapest_by"),
    ],
)
def test_what_is_wrong(selection: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert said in read(tmp_path, selection)


def test_one_standard_error_is_of_one_objective(tmp_path: Path) -> None:
    said = read(tmp_path, {"rule": "one_standard_error"}, TWO)
    assert "search.selection.rule: is of one objective, and there are several" in said


def test_a_constraint_on_what_means_something_else_for_each_value_is_refused(
    tmp_path: Path,
) -> None:
    assert read(tmp_path, {"constraints": ["bleu >= 0.1"]}) == ""
    file = tmp_path / "own.yaml"
    selection = {"selection": {"constraints": ["bleu >= 0.1"]}, "num_trials": 2}
    limits = {"parameters": {"evaluation.limit": {"values": [2, 4]}}, **selection}
    file.write_text(yaml.safe_dump({**SPEC, "search": limits}))
    with pytest.raises(SpecError, match="bleu"):
        load_spec(str(file))
