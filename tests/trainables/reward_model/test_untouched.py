"""The untouched base model on pairs: which answer it would sooner write."""

import pytest
import torch

from tests.trainables.reward_model.trials import config, prepared
from trainables.context import ListContext
from trainables.models.load import load_base
from trainables.training.untouched import evaluate


def test_pairs_are_ranked_by_the_mean_log_probability_of_a_token() -> None:
    trial, data = config(), prepared()
    context = ListContext(data)
    evaluate(trial, context)
    (report,) = context.reports
    base, rows = load_base(trial.model, "cpu"), data.validation
    means = []
    for i in range(len(rows)):
        ids, start = torch.from_numpy(rows.row(i)).long(), int(rows.answer_start[i])
        with torch.no_grad():
            logits = base.model(input_ids=ids[None]).logits[0, start - 1 : -1]
        means.append(-float(torch.nn.functional.cross_entropy(logits, ids[start:])))
    differences = torch.tensor(means[::2]) - torch.tensor(means[1::2])
    assert report.final
    assert report.metrics["pairwise_accuracy"] == float((differences > 0).double().mean())
    loss = -torch.nn.functional.logsigmoid(differences).mean()
    assert report.metrics["val_loss"] == pytest.approx(float(loss), abs=1e-6)
    assert set(report.facts["pairwise"]["unseen"]["sources"]) == {"other"}
