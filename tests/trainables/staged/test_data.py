"""The data of a staged trial: what of it lies in other stages."""

import pickle

import pytest

from tests.trainables.sft.trials import pairs, token_rows_of, toy_tokenizer
from tests.trainables.staged.trials import NAMES, prepared, stage_rows
from trainables.data.config import DataConfig
from trainables.data.prepared import Prepared, drawn
from trainables.data.token_rows import TokenRows
from trainables.errors import InputError
from trainables.staged.data import of_stage, together


def rows(*questions: str) -> TokenRows:
    return token_rows_of([(q, "A long enough answer to it.") for q in questions], toy_tokenizer())


SHARED = "What lowers the glucose that the liver makes?"


def leaking() -> list[Prepared]:
    first, second = stage_rows(0), stage_rows(1)
    held = rows(SHARED, "Which vessel leaves the left ventricle?")
    return [first._replace(validation=held), second._replace(train=rows(SHARED, "What is pus?"))]


def test_a_training_row_that_another_stage_holds_back_is_dropped_and_counted() -> None:
    first, second = together(NAMES[:2], leaking()).stages
    assert second.train.questions == ["What is pus?"]
    assert second.report["dropped"] == {"other_stage": 1}
    assert second.report["kept"]["train"] == 1
    assert second.report["tokens"]["train"] == len(second.train.tokens)
    assert second.key != stage_rows(1).key
    assert first.key == stage_rows(0).key
    assert "other_stage" not in first.report["dropped"]


def test_a_stage_without_rows_left_is_refused() -> None:
    first, second = leaking()
    with pytest.raises(InputError, match="validation rows of other stages") as caught:
        together(NAMES[:2], [first, second._replace(train=rows(SHARED))])
    assert caught.value.field == "stages.1.data"


def test_the_whole_is_known_by_its_stages_names_and_rows() -> None:
    parts = [stage_rows(0), stage_rows(1)]
    keys = {
        together(("a", "b"), parts).key,
        together(("a", "c"), parts).key,
        together(("a", "b"), parts[::-1]).key,
    }
    assert len(keys) == 3
    assert together(("a", "b"), parts).key in keys


def test_a_stage_is_measured_on_the_rows_of_all_others() -> None:
    whole = prepared(3)
    for place in range(3):
        stage = of_stage(whole, NAMES, place)
        assert stage.train is whole.stages[place].train
        assert [name for name, _ in stage.elsewhere] == [n for n in NAMES if n != NAMES[place]]
    assert whole.elsewhere[0][1] is whole.stages[0].validation
    assert whole.validation is whole.stages[2].validation


def test_it_travels() -> None:
    copy = pickle.loads(pickle.dumps(prepared()))
    assert copy.stages[1].train.ids == prepared().stages[1].train.ids


def test_each_stage_draws_from_its_own_mixture() -> None:
    both = [{"source": "hpo:lay", "name": "x"}, {"source": "hpo:diseases", "name": "y"}]
    mixed = DataConfig.model_validate({"mixture": both, "weights": {"x": 1, "y": 0}})
    plain = DataConfig(source="toy:drugs")
    whole = prepared()
    pool = token_rows_of(pairs(0, 6), toy_tokenizer())
    labelled = TokenRows(
        **{**vars(pool), "components": ["x", "y"] * 3},
    )
    stages = (whole.stages[0]._replace(train=labelled), whole.stages[1])
    found = drawn(whole._replace(stages=stages), mixed, plain)
    assert set(found.stages[0].train.components) == {"x"}
    assert found.stages[1].train is whole.stages[1].train
