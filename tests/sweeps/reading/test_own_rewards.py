"""Own rewards are checked with the spec, from its folder, wherever it names them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from sweeps.reading.loading import load_spec
from sweeps.spec.errors import SpecError
from trainables.rewards import own

SPEC: dict[str, Any] = {
    "name": "x",
    "trial": {
        "kind": "ppo",
        "model": {"name_or_path": "toy:llama"},
        "data": {"source": "toy:drugs"},
        "reward": {"weights": {"brevity": 1, "nc_plan:good": 1}},
    },
    "search": {
        "num_trials": 2,
        "objective": {"metric": "reward_brevity", "mode": "max"},
        "parameters": {"training.learning_rate": {"values": [0.1, 0.2]}},
    },
}


def spec(folder: Path, trial: Any = None, parameters: Any = None, baselines: Any = None) -> Path:
    (folder / "nc_plan.py").write_text("def good(prompts, completions, **columns): ...\n")
    search = {**SPEC["search"], **({"baselines": baselines} if baselines else {})}
    search["parameters"] = {**search["parameters"], **(parameters or {})}
    file = folder / "spec.yaml"
    file.write_text(
        yaml.safe_dump({**SPEC, "trial": {**SPEC["trial"], **(trial or {})}, "search": search})
    )
    return file


def test_from_the_folder_of_the_spec(tmp_path: Path) -> None:
    loaded = load_spec(spec(tmp_path))
    assert loaded.own is not None
    assert loaded.own.folder == str(tmp_path)
    assert list(loaded.own.sha256) == ["nc_plan"]
    assert own.current() == loaded.own
    assert load_spec("toy").own is own.current() is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"trial": {"reward": {"weights": {"BAD": 1, "brevity": 1}}}}, "trial.reward.weights.BAD"),
        (
            {"parameters": {"reward.weights": {"simplex": ["brevity", "BAD"]}}},
            "search.parameters.reward.weights.simplex",
        ),
        (
            {"parameters": {"reward.weights": {"values": [{"brevity": 1, "BAD": 1}]}}},
            "search.parameters.reward.weights.values.0.BAD",
        ),
        (
            {"parameters": {"reward.weights.BAD": {"min": 0.1, "max": 1.0}}},
            "search.parameters.reward.weights.BAD",
        ),
    ],
)
@pytest.mark.parametrize(
    ("name", "said"),
    [("nc_no:f", "there is no module nc_no"), ("nc_plan:nope", "has no function nope")],
)
def test_what_is_not_there(
    tmp_path: Path, change: dict[str, Any], field: str, name: str, said: str
) -> None:
    text = str(change).replace("BAD", name)
    with pytest.raises(SpecError) as caught:
        load_spec(spec(tmp_path, **eval(text)))
    found = [p for p in caught.value.problems if said in p.message]
    assert [problem.field for problem in found] == [field.replace("BAD", name)]
    assert found[0].line is not None
    assert found[0].fix
