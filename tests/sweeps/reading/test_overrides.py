"""`--set`: which keys a dotted path stands for, and what it does to a document."""

from typing import Any

import pytest

from sweeps.reading.document import SET, Document
from sweeps.reading.overrides import apply_overrides, divide

DATA: dict[str, Any] = {
    "trial": {"lora": {"r": 8}, "data": None},
    "search": {
        "parameters": {"lora.r": {"values": [4]}, "odd.path": {"values": [1]}},
        "baselines": {"EXP-01 (v1.0)": {"lora.r": 8}},
        "objective": [{"metric": "val_loss", "mode": "min"}],
    },
}


@pytest.mark.parametrize(
    ("dotted", "path"),
    [
        ("name", ("name",)),
        ("trial.lora.r", ("trial", "lora", "r")),
        ("search.objective.0.mode", ("search", "objective", 0, "mode")),
        ("search.parameters.lora.r", ("search", "parameters", "lora.r")),
        ("search.parameters.lora.r.values", ("search", "parameters", "lora.r", "values")),
        ("search.parameters.lora.r.values.0", ("search", "parameters", "lora.r", "values", 0)),
        (
            "search.parameters.training.learning_rate.min",
            ("search", "parameters", "training.learning_rate", "min"),
        ),
        ("search.parameters.odd.path.values", ("search", "parameters", "odd.path", "values")),
        ("search.parameters.new.thing.max", ("search", "parameters", "new.thing", "max")),
        (
            "search.parameters.lora.r.when.model.name_or_path",
            ("search", "parameters", "lora.r", "when", "model.name_or_path"),
        ),
        (
            "search.parameters.no.such.when.lora.r",
            ("search", "parameters", "no.such", "when", "lora.r"),
        ),
        (
            "search.baselines.EXP-01 (v1.0).training.seed",
            ("search", "baselines", "EXP-01 (v1.0)", "training.seed"),
        ),
        (
            "search.baselines.New 2.1.lora.lora_alpha",
            ("search", "baselines", "New 2.1", "lora.lora_alpha"),
        ),
        ("search.baselines.A.lora.rr", ("search", "baselines", "A", "lora.rr")),
        ("search.baselines.A", ("search", "baselines", "A")),
    ],
)
def test_division(dotted: str, path: tuple) -> None:
    assert divide(DATA, dotted) == path


def document() -> Document:
    return Document("s.yaml", "", {"a": {"b": 1}, "c": None, "d": [1]}, {("a",): 1, ("a", "b"): 2})


def test_values_are_yaml_and_the_last_one_wins() -> None:
    changed = document()
    assert apply_overrides(changed, ["a.b=2", "c.x.y=[1, no]", "d.0=1e-5", "a.b=null"]) == []
    assert changed.data == {"a": {"b": None}, "c": {"x": {"y": [1, "no"]}}, "d": [1e-5]}
    assert changed.where(("a", "b")) == (SET, None)
    assert changed.where(("a",)) == ("s.yaml", 1)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("a.b", "PATH=VALUE"),
        ("=1", "PATH=VALUE"),
        ("a..b=1", "PATH=VALUE"),
        ("a.b=[1", "not valid YAML"),
        ("a.b.c=1", "a.b is no section"),
        ("d.1=1", "has 1 entries"),
        ("d.x=1", "not in the list"),
    ],
)
def test_wrong_overrides_change_nothing(override: str, message: str) -> None:
    changed = document()
    found = apply_overrides(changed, [override])
    assert len(found) == 1
    assert message in found[0].message
    assert changed.problem(found[0]).file == SET
    assert changed.data == document().data
