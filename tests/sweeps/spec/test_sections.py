"""What the spec's own properties say."""

from typing import Any

import pytest

from analysis.selection import criteria
from search_spaces.parameters import Parameter
from sweeps.spec.sections import Objective, SearchSpec

LOSS = Objective(metric="val_loss", mode="min")
BLEU = Objective(metric="bleu", mode="max")
BITS = Objective(metric="bits_per_byte", mode="min")


def search(*models: str) -> SearchSpec:
    parameters = {"model.name_or_path": Parameter.model_validate({"values": list(models)})}
    return SearchSpec(parameters=parameters, objective=(LOSS, BLEU))


def test_one_objective_is_a_tuple_of_one() -> None:
    assert SearchSpec(objective=LOSS).objectives == (LOSS,)


def test_one_model_keeps_its_loss_per_token() -> None:
    assert search("a").objectives == (LOSS, BLEU)


def test_models_with_different_tokens_are_compared_by_bits_per_byte() -> None:
    assert search("a", "b").objectives == (BITS, BLEU)


NAME = "model.name_or_path"
TWO = {NAME: {"values": ["a", "b"]}}


@pytest.mark.parametrize(
    ("search", "several"),
    [
        ({}, False),
        ({"parameters": TWO}, True),
        ({"parameters": {NAME: {"value": "a"}}}, False),
        ({"parameters": {NAME: {"value": "a"}}, "baselines": {"B": {NAME: "b"}}}, True),
        ({"parameters": {NAME: {"value": "a"}}, "baselines": {"A": {NAME: "a"}}}, False),
        ({"parameters": {"model": {"values": [{"name_or_path": n} for n in "ab"]}}}, True),
        ({"parameters": {"model": {"values": [{"name_or_path": "a", "dtype": "auto"}]}}}, False),
    ],
)
def test_the_report_compares_what_the_sampler_optimises(
    search: dict[str, Any], several: bool
) -> None:
    spec = SearchSpec.model_validate({**search, "objective": [dict(LOSS), dict(BLEU)]})
    assert spec.several_models == several
    assert spec.objectives == (BITS if several else LOSS, BLEU)
    assert [(c.metric, c.mode) for c in criteria(spec)] == [
        (o.metric, o.mode) for o in spec.objectives
    ]


def test_what_stands_for_two_metrics_is_sought_once() -> None:
    both = [dict(LOSS), {"metric": "perplexity", "mode": "min"}, dict(BLEU)]
    spec = SearchSpec.model_validate({"parameters": TWO, "objective": both})
    assert spec.objectives == (BITS, BLEU)
