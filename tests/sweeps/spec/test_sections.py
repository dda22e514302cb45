"""What the spec's own properties say."""

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
