"""Figures of metrics that are the same in every trial."""

import json
from pathlib import Path

import pytest

from analysis.report.figures import parallel_coordinates
from analysis.runs import load_run
from tests.analysis.fixtures import write_run


@pytest.mark.parametrize("value", [0.0, 0.25, -1.0])
def test_a_metric_that_is_one_value_is_drawn_in_the_middle(tmp_path: Path, value: float) -> None:
    folder = write_run(tmp_path / "run", objective={"metric": "kl", "mode": "min"})
    for file in folder.glob("trials/*/record.json"):
        record = json.loads(file.read_text())
        record["metrics"] = {**record["metrics"], "kl": value}
        file.write_text(json.dumps(record))
    run = load_run(folder)
    figure = parallel_coordinates(run, run.trials[0])
    assert figure.data is not None
    heights = [line["y"][0] for line in figure.data["data"] if len(line["y"]) > 1]
    assert heights
    assert set(heights) == {0.5}
