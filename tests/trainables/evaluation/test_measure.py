"""What is measured, and on how many rows."""

import pytest

from tests.trainables.sft.trials import prepared
from trainables.evaluation.config import EvaluationConfig
from trainables.evaluation.measure import TEXT_METRICS, evaluation_facts, loss_rows, measure_text
from trainables.evaluation.metric_names import METRICS


@pytest.mark.parametrize(("limit", "rows"), [(None, 5), (3, 3), (50, 5)])
def test_limits_and_the_rows_they_leave(limit: int | None, rows: int) -> None:
    config = EvaluationConfig(limit=limit, loss_limit=limit)
    validation = prepared().validation
    facts = evaluation_facts(validation, config)
    assert (facts["limit"], facts["loss_limit"]) == (limit, limit)
    assert (facts["rows"], facts["loss_rows"]) == (rows, rows)
    assert loss_rows(validation, config).ids == validation.ids[:rows]


def test_no_text_metric_no_generation() -> None:
    config = EvaluationConfig(metrics=("perplexity",))
    assert measure_text(None, None, prepared().validation, config) == ({}, ())


def test_every_text_metric_reports_the_names_of_its_family(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("trainables.evaluation.bertscore.bertscore_each", lambda *_: [0.5])
    for family, metric in TEXT_METRICS.items():
        found = metric(["a fever of the heart"], ["a fever of the liver"])
        assert set(found) == {name for name, m in METRICS.items() if family in m.families}
        assert all(0 <= value <= 1 for value in found.values())
