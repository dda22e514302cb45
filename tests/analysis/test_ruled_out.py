"""Numbers that would say what is not so are not shown, or not marked."""

from typing import Any

import pytest

from analysis.report.experiments import _says_nothing
from analysis.tables import shown_value


class Trial:
    """A trial's values."""

    parameters: Any = ()

    def __init__(self, **values: Any) -> None:
        self.values = values

    def value(self, path: str) -> Any:
        return self.values.get(path.rpartition(".")[2])


@pytest.mark.parametrize("section", ["training", "stages.0.training"])
def test_epochs_where_steps_rule(section: str) -> None:
    path = f"{section}.num_train_epochs"
    run: Any = None
    ruled: Any = Trial(num_train_epochs=1, max_steps=6)
    free: Any = Trial(num_train_epochs=3)
    assert shown_value(run, ruled, path) is None
    assert shown_value(run, free, path) == 3


@pytest.mark.parametrize(
    ("trial", "nothing"),
    [
        ({"kind": "ppo"}, True),
        ({"kind": "grpo"}, True),
        ({"kind": "sft"}, False),
        ({}, False),
        ({"kind": "staged", "stages": [{"kind": "sft"}, {"kind": "ppo"}]}, True),
        ({"kind": "staged", "stages": [{"kind": "ppo"}, {"kind": "sft"}]}, False),
    ],
)
def test_the_least_loss_of_rewards_is_no_merit(trial: Any, nothing: bool) -> None:
    class Ran:
        def __init__(self) -> None:
            self.trial = trial

    run: Any = Ran()
    assert _says_nothing(run, "train_loss") == nothing
    assert not _says_nothing(run, "val_loss")
